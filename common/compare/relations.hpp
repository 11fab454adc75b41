// Finds a relation between two tensors from their numbers alone: a constant ratio, swapped axes, ...
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/compare/closeness.hpp"

// A cause that fits the numbers.
struct Hint {
    std::string id;
    std::string cause;   // one sentence without its full stop
    std::string advice;  // what to do; may be empty
};

// The first relation that turns our numbers into the printed ones. `sizes` are the chapter's dimensions; they
// help to name a ratio: 0.125 is 1/√64 if 64 is one of them.
std::optional<Hint> relation_between(const PrintedTensor& theirs, const Numbers& ours,
                                     const std::vector<std::size_t>& sizes);
