#include "common/program/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "common/program/plain_number.hpp"
#include "common/program/present.hpp"
#include "version.hpp"

namespace {

// How a chapter is run on the reader's own files.
std::string own_files_example(const Chapter& chapter) {
    switch (chapter.takes) {
        case Takes::input:
            break;
        case Takes::weights:
            return fmt::format("  ./walk {} --input x.npy --weights w.safetensors\n", chapter.number);
        case Takes::layer:
            return fmt::format(
                "  ./walk {} --config config.json --weights model.safetensors \\\n"
                "      --prefix layers.0.attention. --input x.safetensors --prefill 4\n",
                chapter.number);
        case Takes::model:
            return fmt::format(
                "  ./walk {} --config config.json --weights model.safetensors \\\n"
                "      --input tokens.safetensors --prefill 4 --save out.safetensors\n",
                chapter.number);
    }
    return fmt::format("  ./walk {} --input x.csv --tokens \"one two three\"\n", chapter.number);
}

std::string seed_example(const Chapter& chapter) {
    if (chapter.draws == Draws::nothing) return "";
    return fmt::format("  ./walk {} --seed 7              other random numbers than the notebook's\n",
                       chapter.number);
}

std::string examples(const Chapter& chapter, const ChapterOptions& own) {
    return fmt::format(
        "Examples:\n"
        "  ./walk {0}                       the walk, step by step\n"
        "  ./walk {0} --step                one step at a time: Enter, b back, q quit, or a number\n"
        "  ./walk {0} --tensors-only        only what the notebook prints, to the byte\n"
        "  ./walk {0} --precision 8 --full  every digit of every element\n"
        "{1}"
        "  ./walk {0} --color always | less -R\n"
        "  ./walk {0} --save out.safetensors    every tensor, for ./walk show\n"
        "  ./walk {0} --compare mine.ipynb  do my tensors agree, and if not, why?\n"
        "  ./walk {0} --html page.html          the walk as a page for a browser\n"
        "{2}{3}\n"
        "Exit status: 0 all well, 1 a print was not reproduced (--compare: differs or is missing), 2 bad usage or "
        "bad input.",
        chapter.number, seed_example(chapter), own_files_example(chapter), own.examples);
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

std::string check_words(const std::string& text) {
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) return "";
    return "there are no words: give one for each token, as in \"Your journey starts\"";
}

// What is printed, and where it goes.
void declare_output(CLI::App& app, Options& options) {
    using Output = Options::Output;
    const auto prints = [&options](Output output) { return [&options, output] { options.output = output; }; };
    app.add_flag_callback("--tensors-only", prints(Output::tensors_only),
                          "only what the notebook's print calls print, to the byte, in order");
    app.add_flag_callback("--scoreboard", prints(Output::scoreboard),
                          "only the last line: how many notebook prints are reproduced");
    app.add_flag("--step", options.step,
                 "one step at a time: Enter goes on, b goes back, q quits, a number goes to that step");
    app.add_option("--save", options.save, "every shown tensor by its name, into .safetensors, .npz or .json")
        ->type_name("FILE");
    app.add_option("--html", options.html, "the walk as one page for a browser, into this file")
        ->type_name("FILE");
}

// Which random numbers, where the chapter draws any.
void declare_random(CLI::App& app, Options& options, Draws draws) {
    if (draws == Draws::nothing) return;
    app.add_option_function<std::string>(
           "--seed", [&options](const std::string& seed) { options.seed = read_seed(seed); },
           "torch.manual_seed(N) instead of the notebook's own seeds")
        ->check(check_seed)
        ->type_name("N");
    if (draws != Draws::dropout_too) return;
    const auto choose = [&options](const std::string& build) {
        if (build == "generic") options.dropout_rng = torch::DropoutRng::generic;
    };
    app.add_option_function<std::string>(
           "--dropout-rng", choose,
           "whose dropout: mkl (as the notebook) or generic (new wheels, ARM, Debian, the book)")
        ->check(CLI::IsMember({"mkl", "generic"}))
        ->type_name("BUILD");
}

// The reader's own files, as far as the chapter reads them.
void declare_own_files(CLI::App& app, OwnFiles& own, Takes takes) {
    app.add_option("--input", own.input, "your tokens: x (T, dim) in .safetensors, .npy, .npz or .csv")
        ->type_name("FILE");
    const auto split = [&own](const std::string& text) {
        std::istringstream words(text);
        own.tokens.assign(std::istream_iterator<std::string>(words), {});
    };
    app.add_option_function<std::string>(
           "--tokens", split,
           "with --input: the words of your tokens, for the heatmap: \"Your journey starts\"")
        ->check(check_words)
        ->type_name("WORDS");
    if (takes == Takes::input) return;
    app.add_option("--weights", own.weights, "your weights; ./walk show FILE lists their names")
        ->type_name("FILE");
    app.add_option("--prefix", own.prefix,
                   "with --weights: what their names begin with, as in layers.0.attention.")
        ->type_name("P");
    if (takes == Takes::weights) return;
    app.add_option("--config", own.config, "your layer's dimensions: config.json of Llama or Hugging Face")
        ->type_name("FILE");
    app.add_flag("--ignore-unused", own.ignore_unused,
                 "with --weights: run although tensors under the prefix have no place in this layer");
    app.add_option("--prefill", own.prefill,
                   "with --config: so many tokens at once, the rest one by one; 0: all one by one")
        ->check(plain_number)
        ->check(CLI::Range(0, 1000000))
        ->type_name("N");
}

// The reader's prints beside the chapter's.
void declare_compare(CLI::App& app, CompareOptions& compare) {
    app.add_option("--compare", compare.file,
                   "your notebook (.ipynb), its text, or .safetensors, .npz, .npy: do the tensors agree?")
        ->type_name("FILE");
    app.add_flag("--json", compare.json, "with --compare: the result for programs");
    app.add_option("--junit", compare.junit,
                   "with --compare: the result for graders, as JUnit XML into this file")
        ->type_name("FILE");
}

// A file that a chapter's own option names counts as given.
void add_filled(GivenOptions& given, const char* option, const std::optional<std::string>& path) {
    if (path) given[option] = {*path};
}

}  // namespace

Invocation parse_command_line(const Chapter& chapter, const ChapterOptions& own, int argc,
                              const char* const* argv) {
    Invocation invocation;
    Options& options = invocation.options;
    CLI::App app(fmt::format("Chapter {}: {}", chapter.number, chapter.title),
                 fmt::format("./walk {}", chapter.number));
    app.footer(examples(chapter, own));
    app.set_version_flag("--version", std::string(version_text));
    declare_output(app, options);
    declare_style(app, options.print, options.color);
    declare_random(app, options, chapter.draws);
    declare_own_files(app, options.own, chapter.takes);
    declare_compare(app, options.compare);
    own.declare(app);

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        invocation.print_and_stop = app.help();
        return invocation;
    } catch (const CLI::CallForVersion&) {
        invocation.print_and_stop = std::string(version_text) + "\n";
        return invocation;
    } catch (const CLI::ParseError& error) {
        throw UsageError(one_line(error.what()));
    }
    GivenOptions given = given_options(app);
    check_option_rules(given, own.rules);
    own.fill(options.own);
    add_filled(given, "--config", options.own.config);
    add_filled(given, "--weights", options.own.weights);
    check_option_rules(given, common_option_rules());

    if (options.html) options.output = Options::Output::page;
    options.compare.only_summary = options.output == Options::Output::scoreboard;
    return invocation;
}
