#include "chapters/10_flash_attention/online_softmax.hpp"

#include <algorithm>
#include <cmath>

namespace ch10 {
namespace {

// What is subtracted from scores. While every key is masked, m is -inf, and -inf - (-inf) is NaN. Any finite
// number is right there: exp(-inf - 0) is 0.
float subtracted(float m) {
    return std::isinf(m) ? 0.0f : m;
}

// p (N) @ values (N, d) -> (d)
Vector weighted_sum(const Vector& p, const Matrix& values) {
    return torch::select(torch::matmul(torch::view<2>(p, {1, p.size()}), values), 0);
}

}  // namespace

OnlineState no_keys_yet(std::size_t d) {
    OnlineState state;
    state.acc = xt::zeros<float>({d});
    return state;
}

BlockTrace see_block(const OnlineState& before, const Vector& scores, const Matrix& values) {
    BlockTrace block;
    block.scores = scores;
    block.block_max = *std::max_element(scores.begin(), scores.end());
    block.m_new = std::max(before.m, block.block_max);

    // What was summed before had another maximum.
    block.alpha = std::exp(before.m - subtracted(block.m_new));
    block.p = xt::exp(scores - subtracted(block.m_new));

    block.after.m = block.m_new;
    block.after.l = before.l * block.alpha + xt::sum(block.p)();
    block.after.acc = before.acc * block.alpha + weighted_sum(block.p, values);
    return block;
}

MergeTrace merge(const OnlineState& a, const OnlineState& b) {
    MergeTrace trace;
    trace.m = std::max(a.m, b.m);
    trace.alpha_a = std::exp(a.m - subtracted(trace.m));
    trace.alpha_b = std::exp(b.m - subtracted(trace.m));
    trace.merged.m = trace.m;
    trace.merged.l = a.l * trace.alpha_a + b.l * trace.alpha_b;
    trace.merged.acc = a.acc * trace.alpha_a + b.acc * trace.alpha_b;
    return trace;
}

Vector finish(const OnlineState& state) {
    const Vector zeros = xt::zeros_like(state.acc);
    if (state.l == 0.0f) return zeros;
    return state.acc / state.l;
}

OnlineTrace online_softmax(const Vector& scores, const Matrix& values, std::size_t block) {
    OnlineTrace trace;
    OnlineState state = no_keys_yet(values.shape(1));
    for (std::size_t first = 0; first < scores.size(); first += block) {
        const std::size_t n = std::min(block, scores.size() - first);
        trace.blocks.push_back(
            see_block(state, torch::narrow(scores, 0, first, n), torch::narrow(values, 0, first, n)));
        state = trace.blocks.back().after;
    }
    trace.attn_weights = xt::exp(scores - subtracted(state.m)) / state.l;
    trace.context_vec = finish(state);
    return trace;
}

}  // namespace ch10
