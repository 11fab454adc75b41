#include "common/tensor.hpp"

// Puts the heads of each token side by side: (B, H, T, head_dim) -> (B, T, H * head_dim).
// B = sequences in a batch, T = tokens, H = heads
Tensor3 combine_heads(const Tensor4& x) {
    const Tensor4 tokens_first = torch::transpose(x, 1, 2);
    return torch::view<3>(tokens_first, {x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
}
