// The command line, the same in every chapter.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/torch/dropout_mask.hpp"
#include "common/torch/print.hpp"
#include "common/walkthrough/step.hpp"

enum class ColorChoice { automatic, always, never };

struct Options {
    enum class Output { walkthrough, tensors_only, scoreboard };

    Output output = Output::walkthrough;
    torch::PrintOptions print;
    ColorChoice color = ColorChoice::automatic;
    std::optional<std::uint64_t> seed;  // instead of the notebook's seeds
    torch::DropoutRng dropout_rng = torch::DropoutRng::mkl;
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
