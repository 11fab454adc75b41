// A published bug, as its file in chapters/NN_name/bugs/ describes and computes it: two versions of one
// function, and two fixtures. One fixture cannot tell the versions apart; the other one can.
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "common/any_tensor.hpp"

namespace bug {

// A tensor that the function gets.
struct Given {
    std::string name;
    AnyTensor tensor;
    std::vector<std::string> axes;  // the letters of its shape: {"T", "S"}
};

// One input of the function, and the function's result with the bug and after the repair.
struct Fixture {
    std::string title;  // "one key head": two to five words
    std::string why;    // why the two results are equal, or what makes them differ
    std::vector<Given> given;
    AnyTensor shipped, repaired;
};

struct Bug {
    std::string title;                 // "Key heads tiled instead of repeated"
    std::vector<std::string> threads;  // where it was published: "onnx/onnx#7274"
    std::string story;                 // what happened, in two to four sentences
    std::string letters;               // the legend of the shapes: "T tokens, S keys"
    std::string result;                // the name of the function's result: "attn_weights"
    std::vector<std::string> axes;     // the letters of its shape
    Fixture friendly, unfriendly;
};

// The square root of a width: scores are divided by root(head_dim).
inline float root(std::size_t width) {
    return std::sqrt(static_cast<float>(width));
}

}  // namespace bug
