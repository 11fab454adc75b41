// bug [NUMBER]: the gallery of published bugs (./walk bug).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string>

#include "common/bug/gallery.hpp"
#include "common/bug/telling.hpp"
#include "common/files/output_target.hpp"
#include "common/program/option_rules.hpp"
#include "common/program/plain_number.hpp"
#include "common/program/present.hpp"
#include "common/program/program_main.hpp"
#include "common/render/terminal.hpp"
#include "common/render/text_layout.hpp"
#include "common/write_out.hpp"
#include "version.hpp"

namespace {

constexpr const char* examples =
    "Examples:\n"
    "  ./walk bug                      the list\n"
    "  ./walk bug 12                   what happened, the code, both fixtures\n"
    "  ./walk bug 12 --step            one step at a time: Enter, b back, q quit, or a number\n"
    "  ./walk bug 12 --html page.html  as a page for a browser\n\n"
    "Exit status: 0 all well, 1 a fixture does not behave as the bug's story tells, 2 bad usage.";

struct Request {
    std::optional<int> number;  // none: the list
    torch::PrintOptions print;
    ColorChoice color = ColorChoice::automatic;
    bool step = false, json = false;
    std::optional<std::string> html;
};

constexpr auto needs = OptionRule::Kind::needs;
constexpr auto excludes = OptionRule::Kind::excludes;
const OptionRules rules = {
    {"--step", excludes, {"--html", "--json"}, "each is an output of its own"},
    {"--html", excludes, {"--json"}, "each is an output of its own"},
    {"--color always", excludes, {"--html", "--json"}, "this output has no colours"},
    {"--precision", excludes, {"--json"}, "no tensor is printed"},
    {"--full", excludes, {"--json"}, "no tensor is printed"},
    {"--step", needs, {"NUMBER"}, "the list has no steps"},
    {"--html", needs, {"NUMBER"}, "a page tells one bug"},
    {"--json", needs, {"NUMBER"}, "it is the form of one bug"},
    {"--color always", needs, {"NUMBER"}, "the list has no colours"},
    {"--precision", needs, {"NUMBER"}, "the list has no tensors"},
    {"--full", needs, {"NUMBER"}, "the list has no tensors"},
};

// The text that --help or --version asks for, or nothing. Bad usage is a UsageError.
std::optional<std::string> read_command_line(Request& request, int argc, const char* const* argv) {
    CLI::App app("Attention bugs that were published and shipped, each computed", "./walk bug");
    app.footer(examples);
    app.set_version_flag("--version", std::string(version_text));
    app.add_option("NUMBER", request.number, "the bug to tell; none: the list")
        ->check(plain_number)
        ->type_name("");
    app.add_flag("--step", request.step, "one step at a time");
    app.add_option("--html", request.html, "the bug as one page for a browser, into this file")
        ->type_name("FILE");
    app.add_flag("--json", request.json, "what the fixtures say, for programs");
    declare_style(app, request.print, request.color);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion&) {
        return std::string(version_text) + "\n";
    } catch (const CLI::ParseError& error) {
        throw UsageError(std::string(error.what()) + "; ./walk bug --help shows all options");
    }
    check_option_rules(given_options(app), rules);
    return std::nullopt;
}

const bug::Entry& find(int number) {
    const std::vector<bug::Entry>& entries = bug::gallery();
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const bug::Entry& each) { return each.number == number; });
    if (entry != entries.end()) return *entry;
    for (const bug::LeftOut& left_out : bug::left_out()) {
        if (left_out.number == number) {
            throw UsageError(
                fmt::format("bug {} is left out: {}; ./walk bug lists the others", number, left_out.reason));
        }
    }
    throw UsageError(fmt::format("there is no bug {}; ./walk bug lists them", number));
}

int run(const Request& request) {
    if (!request.number) {
        const std::string list = bug::list_of(bug::gallery(), bug::left_out());
        write_out(detect_terminal(ColorChoice::never).unicode ? list : to_ascii(list));
        return 0;
    }
    const bug::Entry& entry = find(*request.number);
    if (request.html) check_outputs({}, {{"--html", *request.html}});
    const bug::Bug told = entry.tell();
    const std::string closing = bug::closing_line(entry, told);
    if (request.json) {
        write_out(bug::as_json(entry, told));
    } else if (request.html) {
        write_page(bug::document_of(entry, told), *request.html, request.print, closing);
    } else {
        show_in_terminal(bug::document_of(entry, told), fmt::format("bug {}", entry.number), request.step,
                         request.color, request.print, closing);
    }
    return bug::as_told(told) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    return program_main("bug", read_command_line, run, argc, argv);
}
