// What float32 makes of the order of additions. Each addition rounds, so another order gives other last bits.
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

namespace ch10 {

enum class From { first, last };

// The sum of each block of `block` numbers, and then the sum of these sums. Both start at the first number,
// or both at the last.
float sum_in_blocks(const Vector& x, std::size_t block, From from = From::first);

double sum_in_double(const Vector& x);

// (got - exact) in units in the last place: the distance from got to the next larger float32 is 1.
double in_last_places(float got, double exact);

// Online softmax of one query in double, with the maximum of all scores: the context vector (d).
Vector context_in_double(const Vector& scores, const Matrix& values);

}  // namespace ch10
