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

// As the cache returns it: (B, rows, heads, width).
View4 view_of(const HeadsInMemory& x, std::size_t batch, std::size_t rows, std::size_t heads) {
    return {x.data, {batch, rows, heads, x.width}, {x.batch_stride, x.row_stride, x.head_stride, 1}};
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
                                 !call.bias.values.empty() || call.queries_pe.width > 0 ||
                                 call.scale != 1.0f / std::sqrt(static_cast<float>(call.keys.width));
    if (has_other_rules) throw std::invalid_argument("chapter 5 has no such rule for its scores");

    const blas::Threads in_blas(1);
    ch5::Trace trace;
    trace.xq = view_of(call.queries, call.batch, call.n_queries, call.n_heads);
    trace.keys = ch5::repeat_kv(view_of(call.keys, call.batch, call.n_keys, call.n_kv_heads), call.n_rep());
    trace.values =
        ch5::repeat_kv(view_of(call.values, call.batch, call.n_keys, call.n_kv_heads), call.n_rep());
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
