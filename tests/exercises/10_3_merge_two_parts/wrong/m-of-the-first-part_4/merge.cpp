#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"
#include "state.hpp"

// The state of all keys, from the states of two parts. Both have the same query and other keys.
State merge(const State& a, const State& b) {
    State merged = a;

    const float alpha_a = 1.0f, alpha_b = std::exp(b.m - a.m);
    merged.l = a.l * alpha_a + b.l * alpha_b;
    merged.acc = a.acc * alpha_a + b.acc * alpha_b;
    return merged;
}
