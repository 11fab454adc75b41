#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"
#include "state.hpp"

// The state of all keys, from the states of two parts. Both have the same query and other keys.
State merge(const State& a, const State& b) {
    State merged = a;
    merged.m = std::max(a.m, b.m);
    if (std::isinf(merged.m)) return merged;

    const float alpha_a = std::exp(b.m - merged.m), alpha_b = std::exp(a.m - merged.m);
    merged.l = a.l * alpha_a + b.l * alpha_b;
    merged.acc = a.acc * alpha_a + b.acc * alpha_b;
    return merged;
}
