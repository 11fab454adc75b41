// Which print of theirs belongs to which tensor of ours: by the name in the print, then by order and shape.
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
    bool required = true;  // the notebook or PyTorch prints it too; others are compared where they are found
};

// Every shown tensor of a walk. Where nothing in it is to be reproduced, each is required. The walk must
// outlive them.
std::vector<Expected> expected_tensors(const Document& document);

// For each of ours the place of its print among theirs, or nothing. Both keep their order.
std::vector<std::optional<std::size_t>> pair_up(const std::vector<Expected>& ours,
                                                const std::vector<PrintedTensor>& theirs);
