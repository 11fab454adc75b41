#include "chapters/04_multi_head_attention/attention.hpp"

#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"

namespace ch4 {

Weights random_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out) {
    Weights weights;
    weights.projections = ch2::random_linear_weights(generator, d_in, d_out);
    weights.out_proj = ch2::random_linear(generator, d_out, d_out, true);
    return weights;
}

Trace multi_head_attention(const Tensor3& x, const Weights& weights, std::size_t n_heads,
                           const ch3::Dropout& dropout, torch::Generator& generator) {
    // The scale uses the width of ONE head's key, not of the whole projection.
    const std::size_t head_dim = weights.projections.key.weight.shape(0) / n_heads;
    return multi_head_attention_scaled_by(head_dim, x, weights, n_heads, dropout, generator);
}

Trace multi_head_attention_scaled_by(std::size_t scale_width, const Tensor3& x, const Weights& weights,
                                     std::size_t n_heads, const ch3::Dropout& dropout,
                                     torch::Generator& generator) {
    Trace trace;
    // New: one wide projection, split into heads.
    trace.queries = split_heads(weights.projections.query(x), n_heads);
    trace.keys = split_heads(weights.projections.key(x), n_heads);
    trace.values = split_heads(weights.projections.value(x), n_heads);

    // As in chapter 3, for B * H pairs of matrices at once.
    trace.attn_scores = torch::matmul(trace.queries, torch::transpose(trace.keys, 2, 3));
    trace.masked = ch3::masked_fill(trace.attn_scores, ch3::future_mask(x.shape(1)), ch3::True::hides);
    const Tensor4 scaled = trace.masked / std::sqrt(static_cast<float>(scale_width));
    trace.attn_weights = ch3::masked_softmax(scaled);
    trace.dropped = dropout(trace.attn_weights, generator);
    trace.head_context = torch::matmul(trace.dropped, trace.values);

    // New: the heads side by side again, then out_proj combines them.
    trace.combined = combine_heads(trace.head_context);
    trace.context_vec = weights.out_proj(trace.combined);
    return trace;
}

ch2::LinearWeights fuse(const std::vector<ch2::LinearWeights>& heads) {
    ch2::LinearWeights fused = heads.at(0);
    const auto append = [](Matrix& wide, const Matrix& next) {
        const Matrix stacked = xt::concatenate(xt::xtuple(wide, next), 0);
        wide = stacked;
    };
    for (std::size_t h = 1; h < heads.size(); ++h) {
        append(fused.query.weight, heads[h].query.weight);
        append(fused.key.weight, heads[h].key.weight);
        append(fused.value.weight, heads[h].value.weight);
    }
    return fused;
}

}  // namespace ch4
