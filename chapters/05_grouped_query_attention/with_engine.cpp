#include <cmath>

#include "chapters/05_grouped_query_attention/attention.hpp"

namespace ch5 {

void attend_with_engine(AttentionEngine engine, Trace& trace, const Weights& weights, const Config& config,
                        KVCache& cache, std::size_t start_pos, std::size_t chunk) {
    cache.write(start_pos, trace.xk, trace.xv);
    trace.combined =
        Tensor3::from_shape({trace.xq.shape(0), trace.xq.shape(1), config.n_heads * config.head_dim});
    engine(engine_call(trace, cache, start_pos, chunk), trace.combined.data());
    trace.output = weights.wo(trace.combined);
}

AttentionCall engine_call(const Trace& trace, const KVCache& cache, std::size_t start_pos,
                          std::size_t chunk) {
    const Tensor4& xq = trace.xq;
    return {.batch = xq.shape(0),
            .n_queries = xq.shape(1),
            .n_keys = start_pos + xq.shape(1),
            .n_heads = xq.shape(2),
            .n_kv_heads = cache.cache_k().shape(2),
            .queries = xq,
            .keys = cache.cache_k(),
            .values = cache.cache_v(),
            .scale = 1.0f / std::sqrt(static_cast<float>(xq.shape(3))),
            .start_pos = start_pos,
            .chunk = chunk};
}

}  // namespace ch5
