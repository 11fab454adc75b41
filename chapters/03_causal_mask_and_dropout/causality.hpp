// The experiment that shows a leak: change one token and see which outputs notice.
#pragma once
#include <cstddef>
#include <vector>

#include "common/tensor.hpp"

namespace ch3 {

// `x` (T, d_in) with 1 added to every number of one token.
Matrix perturb_token(const Matrix& x, std::size_t token);

// For each row of (T, d): is it different in even one bit?
std::vector<bool> rows_changed(const Matrix& before, const Matrix& after);

}  // namespace ch3
