// The operations on scores that both forms share. Scores have the shape (B, T, H, S): all heads of a token
// side by side, as in DeepSeek's code.
// B = sequences in a batch, T = new tokens, H = heads, S = start_pos + T
#pragma once
#include <cstddef>

#include "common/tensor.hpp"
#include "common/view.hpp"

namespace ch7 {

// Masks the future with -inf: a key after the query's position, start_pos + t.
Tensor4 hide_future(const Tensor4& attn_scores, std::size_t start_pos);

// softmax(masked * softmax_scale): each row sums to 1.
Tensor4 scaled_softmax(const Tensor4& masked, float softmax_scale);

// One matrix for each head: (B, T, H, d), (H, d, c) -> (B, T, H, c). einsum("bshd,hdc->bshc").
Tensor4 per_head(const Tensor4& x, const View3& matrices);

// The same with transposed matrices: (B, T, H, c), (H, d, c) -> (B, T, H, d). einsum("bshc,hdc->bshd").
Tensor4 per_head_transposed(const Tensor4& x, const View3& matrices);

}  // namespace ch7
