#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/tensor.hpp"

namespace {

// (B, T, d_out) -> (B, H, T, head_dim)
Tensor4 split(const Tensor3& x, std::size_t n_heads) {
    const Tensor4 pieces = torch::view<4>(x, {x.shape(0), x.shape(1), n_heads, x.shape(2) / n_heads});
    return torch::transpose(pieces, 1, 2);
}

}  // namespace

// Causal attention with n_heads heads: the context vectors of all heads, side by side.
// B = sequences in a batch, T = tokens, H = n_heads, d_out = H * head_dim.
// queries, keys, values (B, T, d_out) -> (B, T, d_out)
Tensor3 attend_with_heads(const Tensor3& queries, const Tensor3& keys, const Tensor3& values,
                          std::size_t n_heads) {
    const std::size_t batch = queries.shape(0), tokens = queries.shape(1), d_out = queries.shape(2);
    const Tensor4 scores = torch::matmul_transposed(split(queries, n_heads), split(keys, n_heads));
    const Tensor4 scaled = scores / std::sqrt(static_cast<float>(d_out / n_heads));
    const Tensor4 context = torch::matmul(ch3::masked_softmax(scaled), split(values, n_heads));
    const Tensor4 tokens_first = torch::transpose(context, 1, 2);
    return torch::view<3>(tokens_first, {batch, tokens, d_out});
}
