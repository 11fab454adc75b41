#include "common/program/present.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/files/atomic_file.hpp"
#include "common/files/output_target.hpp"
#include "common/printable.hpp"
#include "common/program/plain_number.hpp"
#include "common/render/page/render_html.hpp"
#include "common/render/render_terminal.hpp"
#include "common/render/step_through.hpp"
#include "common/write_out.hpp"

void declare_style(CLI::App& app, torch::PrintOptions& print, ColorChoice& color) {
    app.add_option("--precision", print.precision, "digits after the point, 0 to 16 (default 4)")
        ->check(plain_number)
        ->check(CLI::Range(0, 16))
        ->type_name("N");
    app.add_flag_callback(
        "--full", [&print] { print.threshold = torch::PrintOptions::no_threshold; },
        "no \"...\" in tensors of more than 1000 elements");
    const auto choose = [&color](const std::string& when) {
        if (when == "always") color = ColorChoice::always;
        if (when == "never") color = ColorChoice::never;
    };
    app.add_option_function<std::string>("--color", choose,
                                         "auto (on a terminal, unless NO_COLOR is set), always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("WHEN");
}

void show_in_terminal(const Document& document, const std::string& program, bool step, ColorChoice color,
                      const torch::PrintOptions& print, const std::string& closing) {
    if (step && can_step()) return step_through(document, color, print, closing);
    if (step) write_error(program, "--step needs a terminal to read from and to write to; here is all of it");
    write_out(render_terminal(document, detect_terminal(color), print, closing));
}

void write_page(const Document& document, const std::string& path, const torch::PrintOptions& print,
                const std::string& closing) {
    const std::string page = render_html(document, print, closing);
    write_file(path, page);
    if (is_standard_output(path)) return;
    write_out(fmt::format("wrote {} ({} KB)\n{}\n", printable(path), (page.size() + 999) / 1000, closing));
}
