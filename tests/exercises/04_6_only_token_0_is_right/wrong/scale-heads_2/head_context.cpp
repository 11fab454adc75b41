#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/tensor.hpp"

// The context vectors of all heads, with a causal mask. B = sequences in a batch, H = heads, T = tokens.
// queries, keys, values (B, H, T, head_dim) -> (B, H, T, head_dim)
Tensor4 head_context(const Tensor4& queries, const Tensor4& keys, const Tensor4& values) {
    const Tensor4 scores = torch::matmul(queries, torch::transpose(keys, 2, 3));
    const Tensor4 masked = ch3::masked_fill(scores, ch3::future_mask(queries.shape(2)), ch3::True::hides);
    const Tensor4 scaled = masked / std::sqrt(static_cast<float>(keys.shape(1)));
    const Tensor4 weights = ch3::masked_softmax(scaled);
    return torch::matmul(weights, values);
}
