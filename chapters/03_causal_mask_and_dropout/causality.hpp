// The experiment that finds a leak: change one token and see which outputs change.
#pragma once
#include <cstddef>
#include <vector>

#include "common/tensor.hpp"

namespace ch3 {

// `x` (T, d_in) with 1 added to every number of one token.
Matrix perturb_token(const Matrix& x, std::size_t token);

// For each row of (T, d): true if even one bit differs.
std::vector<bool> rows_changed(const Matrix& before, const Matrix& after);

}  // namespace ch3
