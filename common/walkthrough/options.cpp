#include "common/walkthrough/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "version.hpp"

namespace {

std::string examples(int chapter) {
    return fmt::format(
        "Examples:\n"
        "  ./walk {0}                       the walk, step by step\n"
        "  ./walk {0} --tensors-only        only what the notebook prints, to the byte\n"
        "  ./walk {0} --precision 8 --full  every digit of every element\n"
        "  ./walk {0} --seed 7              other random numbers than the notebook's\n"
        "  ./walk {0} --color always | less -R\n\n"
        "Exit status: 0 all well, 1 a notebook print was not reproduced, 2 bad usage.",
        chapter);
}

// CLI11 may break a message over lines; ours is one line that says what to do next.
std::string one_line(std::string message) {
    std::replace(message.begin(), message.end(), '\n', ' ');
    message.erase(message.find_last_not_of(" .") + 1);
    return message + "; --help shows all options";
}

// PyTorch takes every 64-bit number, signed or not; a negative one is its two's complement.
std::optional<std::uint64_t> read_seed(const std::string& text) {
    const char* end = text.data() + text.size();
    const auto read = [&](auto number) -> std::optional<std::uint64_t> {
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error != std::errc{} || stop != end) return std::nullopt;
        return static_cast<std::uint64_t>(number);
    };
    return text.starts_with('-') ? read(std::int64_t{}) : read(std::uint64_t{});
}

std::string check_seed(const std::string& text) {
    if (read_seed(text)) return "";
    return fmt::format("{} is not a seed, which is a whole number of at most 64 bits", text);
}

}  // namespace

Invocation parse_command_line(const Chapter& chapter, int argc, const char* const* argv) {
    Invocation invocation;
    Options& options = invocation.options;
    CLI::App app(fmt::format("Chapter {}: {}", chapter.number, chapter.title),
                 fmt::format("./walk {}", chapter.number));
    app.footer(examples(chapter.number));
    app.set_version_flag("--version", std::string(version_text));

    // What is printed.
    bool tensors_only = false, scoreboard = false;
    auto* tensors_only_flag = app.add_flag(
        "--tensors-only", tensors_only, "only what the notebook's print calls print, to the byte, in order");
    app.add_flag("--scoreboard", scoreboard, "only the last line: how many notebook prints are reproduced")
        ->excludes(tensors_only_flag);

    // How it is printed.
    bool full = false;
    std::string color = "auto";
    app.add_option("--precision", options.print.precision, "digits after the point, 0 to 16 (default 4)")
        ->check(CLI::Range(0, 16))
        ->type_name("N");
    app.add_flag("--full", full, "no \"...\" in tensors of more than 1000 elements");
    app.add_option("--color", color, "auto (on a terminal, unless NO_COLOR is set), always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("WHEN");

    // Which random numbers.
    std::string seed, dropout_rng = "mkl";
    app.add_option("--seed", seed, "torch.manual_seed(N) instead of the notebook's own seeds")
        ->check(check_seed)
        ->type_name("N");
    app.add_option("--dropout-rng", dropout_rng,
                   "whose dropout: mkl (as the notebook) or generic (new wheels, ARM, Debian, the book)")
        ->check(CLI::IsMember({"mkl", "generic"}))
        ->type_name("BUILD");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        invocation.print_and_stop = app.help();
    } catch (const CLI::CallForVersion&) {
        invocation.print_and_stop = std::string(version_text) + "\n";
    } catch (const CLI::ParseError& error) {
        throw UsageError(one_line(error.what()));
    }

    if (!seed.empty()) options.seed = read_seed(seed);
    if (color == "always") options.color = ColorChoice::always;
    if (color == "never") options.color = ColorChoice::never;
    if (dropout_rng == "generic") options.dropout_rng = torch::DropoutRng::generic;
    if (tensors_only) options.output = Options::Output::tensors_only;
    if (scoreboard) options.output = Options::Output::scoreboard;
    if (full) options.print.threshold = torch::PrintOptions::no_threshold;
    return invocation;
}
