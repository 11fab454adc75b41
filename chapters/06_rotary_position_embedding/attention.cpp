#include "chapters/06_rotary_position_embedding/attention.hpp"

namespace ch6 {

Trace llama_attention(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& config,
                      const ComplexMatrix& table, ch5::KVCache& cache, std::size_t start_pos) {
    Trace trace = project_and_rotate(x, weights, config, table, start_pos);
    ch5::attend(trace.attended, weights, config, cache, start_pos, ch5::future_mask(x.shape(1), start_pos));
    return trace;
}

Trace project_and_rotate(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& config,
                         const ComplexMatrix& table, std::size_t start_pos) {
    Trace trace;
    trace.attended = ch5::project(x, weights, config);
    trace.xq = trace.attended.xq;
    trace.xk = trace.attended.xk;

    // New: rotate queries and keys. Values stay the same: the position decides the attention weights, not
    // what a token passes on.
    trace.attended.xq = rotate(trace.xq, table, start_pos);
    trace.attended.xk = rotate(trace.xk, table, start_pos);
    return trace;
}

}  // namespace ch6
