// print(tensor), character for character. The rules are those of torch/_tensor_str.py: one style and one
// width for all numbers of a tensor, lines of 80 characters, and only the edges of a tensor of over 1000
// elements. `grad_fn=<...>` is left out: it belongs to autograd, not to the value.
#pragma once
#include <cstddef>
#include <limits>
#include <string>

#include "common/any_tensor.hpp"

namespace torch {

// The options of torch.set_printoptions, with PyTorch's defaults.
struct PrintOptions {
    int precision = 4;             // digits after the point
    std::size_t threshold = 1000;  // a tensor with more elements is summarised
    std::size_t edge_items = 3;    // shown at each end of a summarised axis
    std::size_t line_width = 80;

    // Shows every element: torch.set_printoptions(threshold=inf).
    static constexpr std::size_t no_threshold = std::numeric_limits<std::size_t>::max();
};

// "tensor([[0.9995, 0.9544], ...])", as print(tensor) writes it.
std::string to_string(const AnyTensor& tensor, const PrintOptions& options = {});

// "torch.Size([2, 6, 3])", as print(tensor.shape) writes it.
std::string size_to_string(const Shape& shape);

}  // namespace torch
