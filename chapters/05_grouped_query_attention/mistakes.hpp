// The common mistakes of this chapter, for --compare. Each entry computes the tensors with the mistake.
#pragma once
#include <cmath>
#include <functional>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "common/compare/mistake.hpp"

namespace ch5 {

Mistakes mistakes();

// Masks the future with -inf: a key after the query's position, start_pos + t. scores (B, H, T, S).
Tensor4 hide_future(const Tensor4& scores, std::size_t start_pos);

// The steps of attention; a mistake replaces one of them. Chapter 6 has the same mistakes.
struct Steps {
    std::function<Tensor4(const Tensor4&, std::size_t)> share = repeat_kv;    // H_kv heads -> H heads
    std::function<Tensor4(const Tensor4&, std::size_t)> hide = hide_future;   // scores, start_pos -> masked
    std::function<float(const Config&)> divisor = [](const Config& config) {  // the divisor of the scores
        return std::sqrt(static_cast<float>(config.head_dim));
    };
    std::size_t softmax_axis = 3;
    bool heads_transposed_back = true;  // before the heads are concatenated
    bool writes_at_start = false;       // overwrites the oldest keys in the cache
    bool step_at_start = false;         // treats the next token as the first
};

// As attend(), with these steps.
void attend_with(const Steps& steps, Trace& trace, const Weights& weights, const Config& config,
                 KVCache& cache, std::size_t start_pos);

// The mistakes in these steps. `told_with` computes the chapter's tensors with them.
Mistakes mistakes_in_steps(const std::function<NamedTensors(const Steps&)>& told_with);

}  // namespace ch5
