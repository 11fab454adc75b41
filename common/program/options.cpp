#include "common/program/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "common/program/plain_number.hpp"
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
    }
    return fmt::format("  ./walk {} --input x.csv --tokens \"one two three\"\n", chapter.number);
}

// What only some chapters can do.
std::string more_examples(const Chapter& chapter) {
    std::string text;
    if (chapter.journey)
        text += fmt::format("  ./walk {} --size journey         operation by operation, at a real size\n",
                            chapter.number);
    if (chapter.ranks) {
        text += fmt::format(
            "  ./walk {0} --config config.json --world-size 4       the heads in four ranks\n"
            "  mpirun -n 4 build/bin/{1} ...    and each rank a process\n",
            chapter.number, chapter.folder);
    }
    if (chapter.kernels) {
        text += fmt::format(
            "  ./walk {0} --device emulated        its GPU kernels, run on the CPU: what they compute and cost\n"
            "  ./walk {0} --device emulated --warp 0 --step    one warp, instruction by instruction\n",
            chapter.number);
    }
    return text;
}

std::string examples(const Chapter& chapter) {
    return fmt::format(
        "Examples:\n"
        "  ./walk {0}                       the walk, step by step\n"
        "  ./walk {0} --step                a step at a time: Enter, b back, q quit, or a number\n"
        "  ./walk {0} --tensors-only        only what the notebook prints, to the byte\n"
        "  ./walk {0} --precision 8 --full  every digit of every element\n"
        "  ./walk {0} --seed 7              other random numbers than the notebook's\n"
        "  ./walk {0} --color always | less -R\n"
        "  ./walk {0} --save out.safetensors    every tensor, for ./walk show\n"
        "  ./walk {0} --compare mine.ipynb  do my tensors agree, and if not, why?\n"
        "  ./walk {0} --html page.html          the walk as a page for a browser\n"
        "{1}{2}\n"
        "Exit status: 0 all well, 1 a print was not reproduced (--compare: differs or is missing), 2 bad usage or "
        "bad input.",
        chapter.number, own_files_example(chapter), more_examples(chapter));
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
    app.footer(examples(chapter));
    app.set_version_flag("--version", std::string(version_text));

    // What is printed.
    bool tensors_only = false, scoreboard = false;
    auto* tensors_only_flag = app.add_flag(
        "--tensors-only", tensors_only, "only what the notebook's print calls print, to the byte, in order");
    auto* scoreboard_flag = app.add_flag("--scoreboard", scoreboard,
                                         "only the last line: how many notebook prints are reproduced")
                                ->excludes(tensors_only_flag);
    auto* step_flag = app.add_flag("--step", options.step,
                                   "a step at a time: Enter goes on, b back, q quits, a number goes there")
                          ->excludes(tensors_only_flag)
                          ->excludes(scoreboard_flag);

    // How it is printed.
    bool full = false;
    std::string color = "auto";
    app.add_option("--precision", options.print.precision, "digits after the point, 0 to 16 (default 4)")
        ->check(plain_number)
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

    // Where to, and whose numbers.
    OwnFiles& own = options.own;
    std::string tokens;
    app.add_option("--save", options.save, "every shown tensor by its name, into .safetensors, .npz or .json")
        ->type_name("FILE");
    app.add_option("--html", options.html, "the walk as one page for a browser, into this file")
        ->excludes(tensors_only_flag)
        ->excludes(scoreboard_flag)
        ->excludes(step_flag)
        ->type_name("FILE");
    app.add_option("--input", own.input, "your tokens: x (T, dim) in .safetensors, .npy, .npz or .csv")
        ->type_name("FILE");
    app.add_option("--tokens", tokens, "their words, for the heatmap: \"Your journey starts\"")
        ->type_name("WORDS");
    if (chapter.takes != Takes::input) {
        app.add_option("--weights", own.weights, "your weights; ./walk show FILE lists their names")
            ->type_name("FILE");
        app.add_option("--prefix", own.prefix, "what their names begin with, as in layers.0.attention.")
            ->type_name("P");
    }
    if (chapter.takes == Takes::layer) {
        app.add_option("--config", own.config,
                       "your layer's dimensions: config.json of Llama or Hugging Face")
            ->type_name("FILE");
        app.add_flag("--ignore-unused", own.ignore_unused,
                     "with --weights: run although tensors under the prefix have no place in this layer");
        app.add_option("--prefill", own.prefill,
                       "so many tokens at once, the rest one by one; 0: all one by one")
            ->check(plain_number)
            ->check(CLI::Range(0, 1000000))
            ->type_name("N");
    }

    // Somebody's prints beside ours.
    auto* compare = app.add_option(
        "--compare", options.compare.file,
        "your notebook (.ipynb), its text, or .safetensors, .npz, .npy: do the tensors agree?");
    compare->type_name("FILE")->excludes(tensors_only_flag);
    app.add_flag("--json", options.compare.json, "with --compare: the result for programs")->needs(compare);
    app.add_option("--junit", options.compare.junit, "with --compare: the result for graders, as JUnit XML")
        ->needs(compare)
        ->type_name("FILE");

    // What only some chapters have.
    std::string size = "small";
    if (chapter.ranks) {
        app.add_option("--world-size", options.world_size,
                       "so many ranks share the heads, one after the other")
            ->check(plain_number)
            ->check(CLI::Range(1, 1024))
            ->type_name("N");
    }
    if (chapter.journey) {
        app.add_option("--size", size,
                       "small, or journey: one call at a real layer's size, operation by operation")
            ->check(CLI::IsMember({"small", "journey"}))
            ->type_name("SIZE");
    }

    std::string device = "cpu";
    if (chapter.kernels) {
        app.add_option("--device", device, "cpu, cuda (a GPU), or emulated (the GPU's kernels on the CPU)")
            ->check(CLI::IsMember({"cpu", "cuda", "emulated"}))
            ->excludes(compare)
            ->type_name("WHERE");
        app.add_option("--warp", options.warp,
                       "with --device emulated: what this warp of the kernel does, step by step")
            ->check(plain_number)
            ->check(CLI::Range(0, 31))
            ->type_name("N");
    }

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
    std::istringstream words(tokens);
    own.tokens.assign(std::istream_iterator<std::string>(words), {});
    options.journey = size == "journey";
    if (options.journey && own.any()) {
        throw UsageError(
            "--size journey has sizes of its own; leave it out, or leave out --config, --weights and --input");
    }
    if (chapter.takes == Takes::layer && !own.config && (own.weights || own.input || own.prefill)) {
        throw UsageError("--weights, --input and --prefill need --config, which says the layer's dimensions");
    }
    if (options.journey && options.world_size) {
        throw UsageError("--size journey runs on one device; leave it out, or leave out --world-size");
    }
    if (device == "cuda") options.device = Device::cuda;
    if (device == "emulated") options.device = Device::emulated;
    if (options.device != Device::cpu && (options.journey || options.world_size)) {
        throw UsageError(
            "--device runs the chapter's attention on one device; leave it out, or leave out --size and --world-size");
    }
    if (options.warp && options.device != Device::emulated) {
        throw UsageError("--warp steps through a kernel on the emulator; add --device emulated");
    }
    if (color == "always") options.color = ColorChoice::always;
    if (color == "never") options.color = ColorChoice::never;
    if (dropout_rng == "generic") options.dropout_rng = torch::DropoutRng::generic;
    if (tensors_only) options.output = Options::Output::tensors_only;
    if (scoreboard) options.output = Options::Output::scoreboard;
    options.compare.only_summary = scoreboard;
    if (options.html) options.output = Options::Output::page;
    if (full) options.print.threshold = torch::PrintOptions::no_threshold;
    return invocation;
}
