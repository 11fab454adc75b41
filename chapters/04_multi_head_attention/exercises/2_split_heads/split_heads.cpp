#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Splits one wide projection into heads: (B, T, d_out) -> (B, H, T, head_dim), d_out = H * head_dim.
// B = sequences in a batch, T = tokens, H = n_heads
Tensor4 split_heads(const Tensor3& x, std::size_t n_heads) {
    // x.shape(0) is B, x.shape(1) is T, and x.shape(2) is d_out. Two functions of common/tensor.hpp help:
    //   Tensor4 y = torch::view<4>(x, {a, b, c, d});  the same elements in the same order, in another shape
    //   Tensor4 z = torch::transpose(y, 1, 2);        swaps the axes 1 and 2, and moves the elements
    // For loops, Tensor4::from_shape({a, b, c, d}) makes a tensor, and y(b, h, t, c) is one element. Your
    // code replaces the next line.
    throw exercise::Missing("head h must get the columns from h * head_dim on, of every token");
}
