// A mistake that people make, and the numbers that it leads to: an entry in the table of a chapter.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/files/tensor_file.hpp"

struct Mistake {
    std::string id;      // "mask-off-by-one"
    std::string cause;   // "the mask hides the diagonal too: no word sees itself"
    std::string advice;  // "torch.triu(..., diagonal=1)"

    // The tensors of the chapter that come out otherwise, as this mistake gives them, under the names that
    // --save gives them ("attn_weights.2" is the second of its name). X.shape follows from X. It is called
    // only where something differs, and it is shown only where it gives the very numbers that were printed.
    std::function<NamedTensors()> tensors;
};

using Mistakes = std::vector<Mistake>;
