// RMSNorm: divides each token's numbers by their root mean square, so that only their direction counts, and
// then scales each column by a weight. Source: Zhang and Sennrich, "Root Mean Square Layer Normalization".
// B = sequences in a batch, T = tokens, d = width
#pragma once
#include "common/tensor.hpp"

namespace ch7 {

// x / sqrt(mean(x²) + eps) * weight, for each token: (B, T, d), (d) -> (B, T, d).
Tensor3 rms_norm(const Tensor3& x, const Vector& weight, float eps = 1e-6f);

}  // namespace ch7
