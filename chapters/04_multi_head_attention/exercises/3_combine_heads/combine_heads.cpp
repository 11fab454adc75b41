#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Puts the heads of each token side by side: (B, H, T, head_dim) -> (B, T, H * head_dim).
// B = sequences in a batch, T = tokens, H = heads
Tensor3 combine_heads(const Tensor4& x) {
    // x.shape(0) is B, x.shape(1) is H, x.shape(2) is T, and x.shape(3) is head_dim. Two functions of
    // common/tensor.hpp help:
    //   Tensor4 y = torch::transpose(x, 1, 2);     swaps the axes 1 and 2, and moves the elements
    //   Tensor3 z = torch::view<3>(y, {a, b, c});  the same elements in the same order, in another shape
    // For loops, Tensor3::from_shape({a, b, c}) makes a tensor, and z(b, t, c) is one element. Your code
    // replaces the next line.
    throw exercise::Missing("column h * head_dim + c of a token must be column c of its head h");
}
