// Summarizes a tensor's values: minimum, maximum, mean.
#pragma once
#include <string>

#include "common/any_tensor.hpp"

struct Summary {
    std::string min, max, mean;  // "-" if the tensor is empty or complex
};

// A NaN among the values makes all three nan, as in PyTorch. bool counts as 0 and 1. Floats and every mean
// have `digits` significant digits.
Summary summarize(const AnyTensor& tensor, int digits);
