// What two tensors have to do with each other, from their numbers alone: a constant ratio, swapped axes, ...
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

// The first relation under which theirs shows the same numbers as ours. `sizes` are the chapter's dimensions,
// in which a ratio may be recognised: 1.4142 is √2.
std::optional<Hint> relation_between(const PrintedTensor& theirs, const Numbers& ours,
                                     const std::vector<std::size_t>& sizes);
