#include "chapters/07_multi_head_latent_attention/naive.hpp"

#include "chapters/07_multi_head_latent_attention/scores.hpp"

namespace ch7 {
namespace {

// The content part of each head's key, followed by the position part that all heads share: (B, T, H, nope),
// (B, T, rope) -> (B, T, H, nope + rope).
Tensor4 join_keys(const Tensor4& k_nope, const Tensor3& k_pe) {
    const std::size_t nope = k_nope.shape(3), rope = k_pe.shape(2);
    Tensor4 k = Tensor4::from_shape({k_nope.shape(0), k_nope.shape(1), k_nope.shape(2), nope + rope});
    xt::view(k, xt::all(), xt::all(), xt::all(), xt::range(0, nope)) = k_nope;
    for (std::size_t h = 0; h < k.shape(2); ++h) {
        xt::view(k, xt::all(), xt::all(), h, xt::range(nope, nope + rope)) = k_pe;
    }
    return k;
}

}  // namespace

NaiveTrace naive_attention(const Tensor3& x, const Weights& weights, const Config& config,
                           const Positions& positions, NaiveCache& cache, std::size_t start_pos) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), stop = start_pos + tokens;
    const std::size_t nope = config.qk_nope_head_dim, v_dim = config.v_head_dim;
    NaiveTrace trace = project_up(x, weights, config, positions, start_pos);

    cache.k_cache.write(start_pos, trace.k);
    cache.v_cache.write(start_pos, trace.v);

    // Queries have the same parts as keys: content, then rotated position. The rest is chapter 5 without
    // shared heads.
    Tensor4 q = trace.made.q;
    xt::view(q, xt::all(), xt::all(), xt::all(), xt::range(nope, config.qk_head_dim())) =
        trace.made.q_pe_rotated;
    const View4 queries = View4(q).transpose(1, 2), keys = cache.k_cache.read(batch, stop).transpose(1, 2),
                values = cache.v_cache.read(batch, stop).transpose(1, 2);
    trace.attn_scores = torch::transpose(torch::matmul_transposed(queries, keys), 1, 2);
    trace.masked = hide_future(trace.attn_scores, start_pos);
    trace.attn_weights = scaled_softmax(trace.masked, positions.softmax_scale);

    const View4 weights_by_head = View4(trace.attn_weights).transpose(1, 2);
    trace.head_context = torch::transpose(torch::matmul(weights_by_head, values), 1, 2);
    trace.output = weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * v_dim}));
    return trace;
}

NaiveTrace project_up(const Tensor3& x, const Weights& weights, const Config& config,
                      const Positions& positions, std::size_t start_pos) {
    const std::size_t nope = config.qk_nope_head_dim, v_dim = config.v_head_dim;
    NaiveTrace trace;
    trace.made = project(x, weights, config, positions.table, start_pos);

    // From the latent to every head's keys and values.
    const Tensor4 up = torch::view<4>(weights.wkv_b(trace.made.kv_normed),
                                      {x.shape(0), x.shape(1), config.n_heads, nope + v_dim});
    trace.k_nope = torch::narrow(up, 3, 0, nope);
    trace.v = torch::narrow(up, 3, nope, v_dim);
    trace.k = join_keys(trace.k_nope, trace.made.k_pe_rotated);
    return trace;
}

}  // namespace ch7
