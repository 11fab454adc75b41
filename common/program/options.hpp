// The command line, the same in every chapter.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/compare/compare_file.hpp"
#include "common/cuda/device.hpp"
#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/dropout_mask.hpp"
#include "common/torch/print.hpp"

// The reader's own layer and input instead of the chapter's; chapters say which of these they take.
struct OwnFiles {
    std::optional<std::string> config;   // config.json: the dimensions
    std::optional<std::string> weights;  // a file of tensors
    std::string prefix;                  // what their names begin with: "layers.0.attention."
    bool ignore_unused = false;          // tensors under the prefix that have no place are no error
    std::optional<std::string> input;    // a file with the tensor x (B, T, dim) or (T, dim)
    std::vector<std::string> tokens;     // the words of its first sequence, for the axes of heatmaps
    std::optional<std::size_t> prefill;  // so many tokens at once, the rest one by one; none: all at once

    [[nodiscard]] bool any() const { return config || weights || input; }
};

struct Options {
    enum class Output { walkthrough, tensors_only, scoreboard, page };

    Output output = Output::walkthrough;
    bool step = false;  // the walk at the reader's pace
    torch::PrintOptions print;
    ColorChoice color = ColorChoice::automatic;
    std::optional<std::uint64_t> seed;  // instead of the notebook's seeds
    torch::DropoutRng dropout_rng = torch::DropoutRng::mkl;
    OwnFiles own;
    std::optional<std::string> save;  // every shown tensor goes into this file
    std::optional<std::string> html;  // the walk as a page goes into this file instead of to the terminal
    std::optional<std::size_t> world_size;  // so many ranks share the heads
    bool journey = false;                   // the size of a real layer instead of the small one
    Device device = Device::cpu;            // where the chapter's attention runs
    std::optional<int> warp;                // a warp of its kernel to step through, on the emulator
    CompareOptions compare;
};

// A command line that is at fault. what() is one line: what, where, what to do.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What to do after reading the command line: walk, or print a text (help, version) and stop.
struct Invocation {
    Options options;
    std::optional<std::string> print_and_stop;
};

// Throws UsageError.
Invocation parse_command_line(const Chapter& chapter, int argc, const char* const* argv);
