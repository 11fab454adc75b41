#include "common/tensor.hpp"

// Splits one wide projection into heads: (B, T, d_out) -> (B, H, T, head_dim), d_out = H * head_dim.
// B = sequences in a batch, T = tokens, H = n_heads
Tensor4 split_heads(const Tensor3& x, std::size_t n_heads) {
    const std::size_t head_dim = x.shape(2) / n_heads;
    const Tensor4 pieces = torch::view<4>(x, {x.shape(0), x.shape(1), n_heads, head_dim});
    return pieces;
}
