#include "chapters/07_multi_head_latent_attention/absorbed.hpp"

#include "chapters/07_multi_head_latent_attention/scores.hpp"

namespace ch7 {
namespace {

// The scores of every head of every new token with every token so far. All heads use the same keys, so one
// matrix product serves a whole sequence: (B, T, H, d), (B, S, d) -> (B, T, H, S).
Tensor4 with_shared_keys(const Tensor4& queries, const View3& keys) {
    const std::size_t batch = queries.shape(0), tokens = queries.shape(1), heads = queries.shape(2);
    const View3 rows(queries, {batch, tokens * heads, queries.shape(3)});
    return torch::view<4>(torch::matmul_transposed(rows, keys), {batch, tokens, heads, keys.shape(1)});
}

// (B, T, H, S), (B, S, c) -> (B, T, H, c)
Tensor4 mix(const Tensor4& attn_weights, const View3& latents) {
    const std::size_t batch = attn_weights.shape(0), tokens = attn_weights.shape(1),
                      heads = attn_weights.shape(2);
    const View3 rows(attn_weights, {batch, tokens * heads, attn_weights.shape(3)});
    return torch::view<4>(torch::matmul(rows, latents), {batch, tokens, heads, latents.shape(2)});
}

}  // namespace

AbsorbedTrace absorbed_attention(const Tensor3& x, const Weights& weights, const Config& config,
                                 const Positions& positions, LatentCache& cache, std::size_t start_pos) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), stop = start_pos + tokens;
    AbsorbedTrace trace;
    trace.made = project(x, weights, config, positions.table, start_pos);

    // The cache stores the latent and the one rotated k_pe. Those of all tokens are read in place.
    cache.kv_cache.write(start_pos, trace.made.kv_normed);
    cache.pe_cache.write(start_pos, trace.made.k_pe_rotated);
    const View3 latents = cache.kv_cache.read(batch, stop), turned_k_pe = cache.pe_cache.read(batch, stop);

    // q · (W_UK latent) = (q W_UK) · latent: the matrix multiplies the query, because there are few queries.
    trace.q_absorbed = per_head(trace.made.q_nope, w_uk(weights, config));
    trace.scores_nope = with_shared_keys(trace.q_absorbed, latents);
    trace.scores_pe = with_shared_keys(trace.made.q_pe_rotated, turned_k_pe);
    trace.attn_scores = trace.scores_nope + trace.scores_pe;
    trace.masked = hide_future(trace.attn_scores, start_pos);
    trace.attn_weights = scaled_softmax(trace.masked, positions.softmax_scale);

    // The output works the same way: first the weighted sum of latents, then one product with W_UV.
    trace.context_latent = mix(trace.attn_weights, latents);
    trace.head_context = per_head_transposed(trace.context_latent, w_uv(weights, config));
    trace.output =
        weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * config.v_head_dim}));
    return trace;
}

}  // namespace ch7
