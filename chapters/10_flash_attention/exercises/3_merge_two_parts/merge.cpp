#include <algorithm>
#include <cmath>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"
#include "state.hpp"

// The state of all keys, from the states of two parts. Both have the same query and other keys.
State merge(const State& a, const State& b) {
    State merged = a;

    // std::max and std::exp work on one number, std::exp of -inf is 0, and std::isinf(m) says whether m is
    // -inf. Vectors are multiplied by a number and added as numbers are: merged.acc = 0.5f * a.acc + b.acc.
    // Your code replaces the next line.
    throw exercise::Missing("the larger m, and the sums of both parts with this m");

    return merged;
}
