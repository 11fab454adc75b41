// The command-line options that all chapters share. chapter_options.hpp has the options of a single chapter.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/compare/compare_file.hpp"
#include "common/document/step.hpp"
#include "common/program/chapter_options.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/dropout_mask.hpp"
#include "common/torch/print.hpp"

// The reader's own layer and input instead of the chapter's (Chapter::takes says which of these a chapter
// reads).
struct OwnFiles {
    std::optional<std::string> config;   // config.json: the dimensions
    std::optional<std::string> weights;  // a file of tensors
    std::string prefix;                  // what their names begin with: "layers.0.attention."
    bool ignore_unused = false;          // tensors under the prefix that the layer does not use are no error
    std::optional<std::string> input;    // a file with the tensor x (B, T, dim) or (T, dim)
    std::vector<std::string> tokens;     // the words of its first sequence, for the axes of heatmaps
    std::optional<std::size_t>
        prefill;  // tokens of the first piece; the rest follow one by one; none: all at once

    [[nodiscard]] bool any() const { return config || weights || input; }
};

struct Options {
    enum class Output { walkthrough, tensors_only, scoreboard, page };

    Output output = Output::walkthrough;
    bool step = false;  // shows one step at a time
    torch::PrintOptions print;
    ColorChoice color = ColorChoice::automatic;
    std::optional<std::uint64_t> seed;  // instead of the notebook's seeds
    torch::DropoutRng dropout_rng = torch::DropoutRng::mkl;
    OwnFiles own;
    std::optional<std::string> save;  // every shown tensor goes into this file
    std::optional<std::string> html;  // the walk as a page goes into this file instead of to the terminal
    CompareOptions compare;           // the reader's prints beside the chapter's
};

// What to do after reading the command line: walk, or print a text (help, version) and stop.
struct Invocation {
    Options options;
    std::optional<std::string> print_and_stop;
};

// `own` declares the chapter's own options and is called once. Throws UsageError.
Invocation parse_command_line(const Chapter& chapter, const ChapterOptions& own, int argc,
                              const char* const* argv);
