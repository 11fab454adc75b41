// Matches the reader's printed tensors with ours: by the printed name, then by order and shape.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/compare/closeness.hpp"

// A tensor of the chapter, with the name that --save gives it: a name that comes again gets a number.
struct Expected {
    std::string name;  // "attn_weights.2"
    const Shown* shown;
    Numbers numbers;
    bool required = true;  // the notebook or PyTorch prints it too; others are compared if the file has them
};

// Every shown tensor of a walk. If the notebook and PyTorch print none of them, each is required. The
// document must outlive them.
std::vector<Expected> expected_tensors(const Document& document);

// For each tensor of ours, the index of its print in `theirs`, or std::nullopt. The order is the same in
// both.
std::vector<std::optional<std::size_t>> pair_up(const std::vector<Expected>& ours,
                                                const std::vector<PrintedTensor>& theirs);
