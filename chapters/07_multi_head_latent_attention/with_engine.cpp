#include "chapters/07_multi_head_latent_attention/with_engine.hpp"

#include "chapters/07_multi_head_latent_attention/scores.hpp"

namespace ch7 {

NaiveTrace naive_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                             const Config& config, const Positions& positions, NaiveCache& cache,
                             std::size_t start_pos) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1);
    NaiveTrace trace = project_up(x, weights, config, positions, start_pos);
    cache.k_cache.write(start_pos, trace.k);
    cache.v_cache.write(start_pos, trace.v);

    trace.head_context = Tensor4::from_shape({batch, tokens, config.n_heads, config.v_head_dim});
    engine(naive_call(trace, positions, cache, start_pos), trace.head_context.data());
    trace.output =
        weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * config.v_head_dim}));
    return trace;
}

AbsorbedTrace absorbed_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                                   const Config& config, const Positions& positions, LatentCache& cache,
                                   std::size_t start_pos) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1);
    AbsorbedTrace trace;
    trace.made = project(x, weights, config, positions.table, start_pos);
    cache.kv_cache.write(start_pos, trace.made.kv_normed);
    cache.pe_cache.write(start_pos, trace.made.k_pe_rotated);

    // One key head for all query heads: the latents are its keys and its values.
    trace.q_absorbed = per_head(trace.made.q_nope, w_uk(weights, config));
    trace.context_latent = Tensor4::from_shape({batch, tokens, config.n_heads, config.kv_lora_rank});
    engine(absorbed_call(trace, positions, cache, start_pos), trace.context_latent.data());
    trace.head_context = per_head_transposed(trace.context_latent, w_uv(weights, config));
    trace.output =
        weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * config.v_head_dim}));
    return trace;
}

AttentionCall naive_call(const NaiveTrace& trace, const Positions& positions, const NaiveCache& cache,
                         std::size_t start_pos) {
    const Tensor4& q = trace.made.q;
    const std::size_t nope = trace.k_nope.shape(3), rope = trace.made.q_pe_rotated.shape(3);
    const View4 keys = cache.k_cache.all();
    return {.batch = q.shape(0),
            .n_queries = q.shape(1),
            .n_keys = start_pos + q.shape(1),
            .n_heads = q.shape(2),
            .n_kv_heads = q.shape(2),
            .queries = View4(q).narrow(3, 0, nope),
            .keys = keys.narrow(3, 0, nope),
            .values = cache.v_cache.all(),
            .queries_pe = trace.made.q_pe_rotated,
            .keys_pe = keys.narrow(3, nope, rope),
            .scale = positions.softmax_scale,
            .start_pos = start_pos};
}

AttentionCall absorbed_call(const AbsorbedTrace& trace, const Positions& positions, const LatentCache& cache,
                            std::size_t start_pos) {
    const Tensor4& q = trace.q_absorbed;
    const View4 latents = one_head(cache.kv_cache.all());
    return {.batch = q.shape(0),
            .n_queries = q.shape(1),
            .n_keys = start_pos + q.shape(1),
            .n_heads = q.shape(2),
            .n_kv_heads = 1,
            .queries = q,
            .keys = latents,
            .values = latents,
            .queries_pe = trace.made.q_pe_rotated,
            .keys_pe = one_head(cache.pe_cache.all()),
            .scale = positions.softmax_scale,
            .start_pos = start_pos};
}

}  // namespace ch7
