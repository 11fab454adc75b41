// Shares keys and values between query heads: repeat_kv, step by step.
// B = sequences in a batch, S = tokens so far, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/tensor.hpp"
#include "common/view.hpp"

namespace ch5 {

// (B, S, H_kv, head_dim) -> (B, S, H_kv * n_rep, head_dim): repeats each head n_rep times in a row, so query
// head h finds its keys at head h / n_rep. torch.repeat_interleave(x, n_rep, dim=2).
Tensor4 repeat_kv(const View4& x, std::size_t n_rep);

// The classic mistake, x.repeat(1, 1, n_rep, 1): all heads, then all heads again. The shape is the same, but
// nearly every query gets the wrong head.
Tensor4 tile_kv(const View4& x, std::size_t n_rep);

// The operations in PyTorch, and the bytes that each copies: x[:, :, :, None, :].expand(...).reshape(...).
struct LayoutStep {
    std::string operation;
    Shape shape;
    Shape strides;            // in elements; 0 reads the same element again
    std::size_t bytes_moved;  // 0 for a view
};
std::vector<LayoutStep> repeat_kv_layouts(const Shape& shape, std::size_t n_rep);

}  // namespace ch5
