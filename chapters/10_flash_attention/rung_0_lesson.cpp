// Rung 0 of both ladders: the lesson, as chapter 5 has it. Keys and values are copied for each query head,
// and every step is a tensor (B, H, T, S) of its own. It is the oracle of the other rungs.
#include <cmath>
#include <stdexcept>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "common/blas.hpp"

namespace ch10 {
namespace {

// A cache may have room for more tokens than the call has keys.
View4 first_rows(const View4& x, std::size_t batch, std::size_t rows) {
    return x.narrow(0, 0, batch).narrow(1, 0, rows);
}

ch3::MaskMatrix hidden_keys(const AttentionCall& call) {
    ch3::MaskMatrix hidden = ch3::MaskMatrix::from_shape({call.n_queries, call.n_keys});
    for (std::size_t i = 0; i < call.n_queries; ++i) {
        const AttentionCall::Range visible = call.visible(i);
        for (std::size_t j = 0; j < call.n_keys; ++j) hidden(i, j) = j < visible.first || j >= visible.stop;
    }
    return hidden;
}

void lesson(const AttentionCall& call, float* output) {
    const bool has_other_rules = call.soft_cap > 0 || call.sinks != nullptr || call.is_text != nullptr ||
                                 !call.bias.values.empty() || call.queries_pe.shape(3) > 0 ||
                                 call.scale != 1.0f / std::sqrt(static_cast<float>(call.keys.shape(3)));
    if (has_other_rules) throw std::invalid_argument("chapter 5 has no such rule for its scores");

    const blas::Threads in_blas(1);
    ch5::Trace trace;
    trace.xq = first_rows(call.queries, call.batch, call.n_queries);
    trace.keys = ch5::repeat_kv(first_rows(call.keys, call.batch, call.n_keys), call.n_rep());
    trace.values = ch5::repeat_kv(first_rows(call.values, call.batch, call.n_keys), call.n_rep());
    ch5::attend_to_keys(trace, hidden_keys(call));
    std::copy(trace.combined.begin(), trace.combined.end(), output);  // (B, T, H * value_dim)
}

}  // namespace

void prefill_lesson(const AttentionCall& call, float* output, std::size_t) {
    lesson(call, output);
}

void decode_lesson(const AttentionCall& call, float* output, std::size_t) {
    lesson(call, output);
}

}  // namespace ch10
