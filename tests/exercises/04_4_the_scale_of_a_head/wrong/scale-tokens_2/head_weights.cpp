#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/tensor.hpp"

// The attention weights of all heads, with a causal mask. B = sequences in a batch, H = heads, T = tokens.
// queries, keys (B, H, T, head_dim) -> (B, H, T, T), the last axes are query and key
Tensor4 head_weights(const Tensor4& queries, const Tensor4& keys) {
    const Tensor4 scores = torch::matmul(queries, torch::transpose(keys, 2, 3));

    // The scale keeps the scores small, so that softmax does not choose one key alone.
    const std::size_t width = keys.shape(2);
    const Tensor4 scaled = scores / std::sqrt(static_cast<float>(width));

    const std::size_t tokens = queries.shape(2);
    return ch3::masked_softmax(ch3::masked_fill(scaled, ch3::future_mask(tokens), ch3::True::hides));
}
