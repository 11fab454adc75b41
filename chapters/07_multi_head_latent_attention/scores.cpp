#include "chapters/07_multi_head_latent_attention/scores.hpp"

#include <limits>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

namespace ch7 {
namespace {

// (B, T, H, d) -> (H, B * T, d): one matrix for each head, with the rows of all tokens.
View3 heads_first(const Tensor4& x) {
    const std::size_t tokens = x.shape(0) * x.shape(1);
    return View3(x, {tokens, x.shape(2), x.shape(3)}).transpose(0, 1);
}

// And back: (H, B * T, d) -> (B, T, H, d).
Tensor4 tokens_first(const Tensor3& x, std::size_t batch) {
    const std::size_t heads = x.shape(0), tokens = x.shape(1) / batch;
    return torch::view<4>(torch::transpose(x, 0, 1), {batch, tokens, heads, x.shape(2)});
}

}  // namespace

Tensor4 hide_future(const Tensor4& attn_scores, std::size_t start_pos) {
    Tensor4 masked = attn_scores;
    for (std::size_t t = 0; t < masked.shape(1); ++t) {
        xt::view(masked, xt::all(), t, xt::all(), xt::range(start_pos + t + 1, masked.shape(3))) =
            -std::numeric_limits<float>::infinity();
    }
    return masked;
}

Tensor4 scaled_softmax(const Tensor4& masked, float softmax_scale) {
    const Tensor4 scaled = masked * softmax_scale;
    return ch3::masked_softmax(scaled);
}

Tensor4 per_head(const Tensor4& x, const View3& matrices) {
    return tokens_first(torch::matmul(heads_first(x), matrices), x.shape(0));
}

Tensor4 per_head_transposed(const Tensor4& x, const View3& matrices) {
    return tokens_first(torch::matmul_transposed(heads_first(x), matrices), x.shape(0));
}

}  // namespace ch7
