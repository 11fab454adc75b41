#include "chapters/08_llama_4/attention.hpp"

#include "chapters/08_llama_4/chunked_mask.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"
#include "chapters/08_llama_4/temperature.hpp"

namespace ch8 {

AttentionTrace attention(const Tensor3& x, const ch5::Weights& weights, const Config& config,
                         std::size_t layer, const ch6::ComplexMatrix& table, ch5::KVCache& cache,
                         std::size_t start_pos, AttentionEngine engine) {
    const std::size_t tokens = x.shape(1);
    AttentionTrace trace;
    trace.attended = ch5::project(x, weights, config.heads);
    Tensor4 &xq = trace.attended.xq, &xk = trace.attended.xk;
    trace.xq = xq;
    trace.xk = xk;

    if (!contains(config.nope_layers, layer)) {
        // A RoPE layer: first rotate, then norm.
        xq = trace.xq_rotated = ch6::rotate(xq, table, start_pos);
        xk = trace.xk_rotated = ch6::rotate(xk, table, start_pos);
        if (config.use_qk_norm) {
            xq = trace.xq_normed = qk_norm(xq, config.norm_eps);
            xk = trace.xk_normed = qk_norm(xk, config.norm_eps);
        }
    } else if (config.attn_temperature_tuning) {
        // A NoPE layer: the position only decides how sharp the softmax is.
        trace.temperature = temperature(start_pos, tokens, config.floor_scale, config.attn_scale);
        xq = trace.xq_scaled = scale_queries(xq, trace.temperature);
    }

    if (engine != nullptr) {
        ch5::attend_with_engine(engine, trace.attended, weights, config.heads, cache, start_pos,
                                chunk_of(config, layer));
    } else {
        ch5::attend(trace.attended, weights, config.heads, cache, start_pos,
                    mask_of(config, layer, tokens, start_pos));
    }
    return trace;
}

std::size_t chunk_of(const Config& config, std::size_t layer) {
    return contains(config.global_layers, layer) ? 0 : config.attention_chunk_size.value_or(0);
}

ch3::MaskMatrix mask_of(const Config& config, std::size_t layer, std::size_t tokens, std::size_t start_pos) {
    const std::size_t chunk = chunk_of(config, layer);
    return chunk == 0 ? ch5::future_mask(tokens, start_pos) : chunked_mask(tokens, start_pos, chunk);
}

}  // namespace ch8
