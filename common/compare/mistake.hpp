// A common mistake and the numbers that it produces: one entry in a chapter's table of mistakes.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/files/tensor_file.hpp"

struct Mistake {
    std::string id;      // "mask-off-by-one"
    std::string cause;   // "the mask hides the diagonal too: no word sees itself"
    std::string advice;  // "torch.triu(..., diagonal=1)"

    // Computes the chapter's tensors that this mistake changes, under the names of --save ("attn_weights.2"
    // is the second tensor of that name). X.shape follows from X. It is called only if a tensor differs. The
    // report shows the mistake only if it gives exactly the printed numbers.
    std::function<NamedTensors()> tensors;
};

using Mistakes = std::vector<Mistake>;
