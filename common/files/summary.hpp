// What a tensor's values are, in three numbers.
#pragma once
#include <string>

#include "common/any_tensor.hpp"

struct Summary {
    std::string min, max, mean;  // "-" where there is none: no elements, or complex ones
};

// A NaN among the values makes all three nan, as in PyTorch; bool counts as 0 and 1. Floats, and every mean,
// have `digits` significant digits.
Summary summarize(const AnyTensor& tensor, int digits);
