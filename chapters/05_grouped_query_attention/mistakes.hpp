// What people get wrong in this chapter, for --compare: each entry computes the tensors as the mistake does.
#pragma once
#include <cmath>
#include <functional>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "common/compare/mistake.hpp"

namespace ch5 {

Mistakes mistakes();

// -inf where the key comes after the query, which stands at start_pos + t: scores (B, H, T, S).
Tensor4 hide_future(const Tensor4& scores, std::size_t start_pos);

// What attention consists of, to be replaced piece by piece. Chapter 6 makes the same mistakes.
struct Steps {
    std::function<Tensor4(const Tensor4&, std::size_t)> share = repeat_kv;    // H_kv heads -> H heads
    std::function<Tensor4(const Tensor4&, std::size_t)> hide = hide_future;   // scores, start_pos -> masked
    std::function<float(const Config&)> divisor = [](const Config& config) {  // what scores are divided by
        return std::sqrt(static_cast<float>(config.head_dim));
    };
    std::size_t softmax_axis = 3;
    bool heads_transposed_back = true;  // before they are put side by side
    bool writes_at_start = false;  // new keys over the oldest ones in the cache, wherever the token stands
    bool step_at_start = false;    // the one token more is taken for the first
};

// As attend(), with these steps.
void attend_with(const Steps& steps, Trace& trace, const Weights& weights, const Config& config,
                 KVCache& cache, std::size_t start_pos);

// The mistakes in these steps; `told_with` tells the chapter's tensors with them.
Mistakes mistakes_in_steps(const std::function<NamedTensors(const Steps&)>& told_with);

}  // namespace ch5
