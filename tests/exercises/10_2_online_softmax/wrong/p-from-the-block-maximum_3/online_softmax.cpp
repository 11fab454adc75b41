#include <algorithm>
#include <cmath>
#include <limits>

#include "common/tensor.hpp"
#include "state.hpp"

// The state after one more block. scores (N), where -inf is a masked key; N is at least 1.
State see_block(const State& before, const Vector& scores) {
    State after = before;
    for (std::size_t j = 0; j < scores.size(); ++j) after.m = std::max(after.m, scores(j));
    if (std::isinf(after.m)) return after;

    const float largest = *std::max_element(scores.begin(), scores.end());
    after.l = before.l * std::exp(before.m - after.m);
    for (std::size_t j = 0; j < scores.size(); ++j) after.l += std::exp(scores(j) - largest);
    return after;
}
