// print(tensor), to the character. The rules are those of torch/_tensor_str.py: one style and one width
// for all numbers of a tensor, lines of 80 characters, and only the edges of what is over 1000 elements.
// `grad_fn=<...>` belongs to autograd, not to the value, and is left out.
#pragma once
#include <cstddef>
#include <limits>
#include <string>

#include "common/any_tensor.hpp"

namespace torch {

// torch.set_printoptions, with PyTorch's own defaults.
struct PrintOptions {
    int precision = 4;             // digits after the point
    std::size_t threshold = 1000;  // more elements than this are summarised
    std::size_t edge_items = 3;    // shown at each end of a summarised axis
    std::size_t line_width = 80;

    // Every element, however many: torch.set_printoptions(threshold=inf).
    static constexpr std::size_t no_threshold = std::numeric_limits<std::size_t>::max();
};

// "tensor([[0.9995, 0.9544], ...])", as print(tensor) writes it.
std::string to_string(const AnyTensor& tensor, const PrintOptions& options = {});

// "torch.Size([2, 6, 3])", as print(tensor.shape) writes it.
std::string size_to_string(const Shape& shape);

}  // namespace torch
