#include "chapters/03_causal_mask_and_dropout/attention.hpp"

#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

namespace ch3 {

Trace causal_attention(const Tensor3& x, const ch2::LinearWeights& weights, const Dropout& dropout,
                       torch::Generator& generator) {
    Trace trace;
    trace.queries = weights.query(x);
    trace.keys = weights.key(x);
    trace.values = weights.value(x);

    // Changed: axis 0 is the batch, so the transpose swaps the last two axes.
    trace.attn_scores = torch::matmul(trace.queries, torch::transpose(trace.keys, 1, 2));

    // New: mask the future before softmax. -inf divided by the scale is still -inf.
    trace.masked = masked_fill(trace.attn_scores, future_mask(x.shape(1)), True::hides);
    const auto d_k = static_cast<float>(trace.keys.shape(2));
    const Tensor3 scaled = trace.masked / std::sqrt(d_k);
    trace.attn_weights = masked_softmax(scaled);

    // New: dropout on the weights, not on the values.
    trace.dropped = dropout(trace.attn_weights, generator);
    trace.context_vec = torch::matmul(trace.dropped, trace.values);
    return trace;
}

}  // namespace ch3
