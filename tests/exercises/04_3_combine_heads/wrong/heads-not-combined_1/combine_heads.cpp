#include "common/tensor.hpp"

// Puts the heads of each token side by side: (B, H, T, head_dim) -> (B, T, H * head_dim).
// B = sequences in a batch, T = tokens, H = heads
Tensor3 combine_heads(const Tensor4& x) {
    return torch::view<3>(x, {x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
}
