#include "chapters/05_grouped_query_attention/attention.hpp"

#include <cmath>

#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"

namespace ch5 {

Weights random_weights(torch::Generator& generator, const Config& config, bool qkv_bias, bool output_bias) {
    const std::size_t q_width = config.n_heads * config.head_dim,
                      kv_width = config.kv_heads() * config.head_dim;
    Weights weights;
    weights.wq = ch2::random_linear(generator, config.dim, q_width, qkv_bias);
    weights.wk = ch2::random_linear(generator, config.dim, kv_width, qkv_bias);
    weights.wv = ch2::random_linear(generator, config.dim, kv_width, qkv_bias);
    weights.wo = ch2::random_linear(generator, q_width, config.dim, output_bias);
    return weights;
}

Trace grouped_query_attention(const Tensor3& x, const Weights& weights, const Config& config, KVCache& cache,
                              std::size_t start_pos) {
    Trace trace = project(x, weights, config);
    attend(trace, weights, config, cache, start_pos, future_mask(x.shape(1), start_pos));
    return trace;
}

Trace project(const Tensor3& x, const Weights& weights, const Config& config) {
    check(config);
    const std::size_t batch = x.shape(0), tokens = x.shape(1);
    Trace trace;
    trace.xq = torch::view<4>(weights.wq(x), {batch, tokens, config.n_heads, config.head_dim});
    trace.xk = torch::view<4>(weights.wk(x), {batch, tokens, config.kv_heads(), config.head_dim});
    trace.xv = torch::view<4>(weights.wv(x), {batch, tokens, config.kv_heads(), config.head_dim});
    return trace;
}

void attend(Trace& trace, const Weights& weights, const Config& config, KVCache& cache, std::size_t start_pos,
            const ch3::MaskMatrix& mask) {
    const std::size_t batch = trace.xq.shape(0), stop = start_pos + trace.xq.shape(1);

    // New: write the keys and values to the cache, read all of them so far, and repeat them for the query
    // heads.
    cache.write(start_pos, trace.xk, trace.xv);
    trace.keys = repeat_kv(cache.keys(batch, stop), config.n_rep());
    trace.values = repeat_kv(cache.values(batch, stop), config.n_rep());

    attend_to_keys(trace, mask);
    trace.output = weights.wo(trace.combined);
}

void attend_to_keys(Trace& trace, const ch3::MaskMatrix& mask) {
    const auto head_dim = static_cast<float>(trace.xq.shape(3));
    // As in chapter 4, heads before tokens. A view copies nothing, as x.transpose(1, 2) in PyTorch.
    const View4 queries = View4(trace.xq).transpose(1, 2);
    const View4 keys = View4(trace.keys).transpose(1, 2);
    const View4 values = View4(trace.values).transpose(1, 2);
    // Q Kᵀ reads the keys as they are stored. In PyTorch, keys.transpose(2, 3) copies nothing either.
    trace.attn_scores = torch::matmul_transposed(queries, keys);

    trace.masked = ch3::masked_fill(trace.attn_scores, mask, ch3::True::hides);
    const Tensor4 scaled = trace.masked / std::sqrt(head_dim);
    trace.attn_weights = ch3::masked_softmax(scaled);

    trace.head_context = torch::matmul(trace.attn_weights, values);
    trace.combined = ch4::combine_heads(trace.head_context);
}

ch3::MaskMatrix future_mask(std::size_t tokens, std::size_t start_pos) {
    // New: query i is at position start_pos + i, so the mask starts there.
    ch3::MaskMatrix mask = ch3::MaskMatrix::from_shape({tokens, start_pos + tokens});
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t j = 0; j < start_pos + tokens; ++j) mask(i, j) = j > start_pos + i;
    }
    return mask;
}

}  // namespace ch5
