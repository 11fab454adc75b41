// The two norms of published models, for tokens and for heads.
// B = sequences in a batch, T = tokens, H = heads
#pragma once
#include <optional>

#include "chapters/09_every_model/recipe.hpp"
#include "common/tensor.hpp"

namespace ch9 {

// (x - mean) / sqrt(variance + eps) for each token: (B, T, d) -> the same. Without weight and bias.
Tensor3 layer_norm(const Tensor3& x, float eps);

// A norm with its weight (d) and bias (d), for each token: (B, T, d) -> the same.
Tensor3 norm_tokens(const Tensor3& x, const Norm& norm, const Vector& weight,
                    const std::optional<Vector>& bias);

// A norm of queries or keys (B, T, H, head_dim), with the weight that QkNorm::Over asks for: (H, head_dim),
// or (1, H * head_dim).
Tensor4 qk_norm(const Tensor4& x, const QkNorm& choice, const Matrix& weight);

}  // namespace ch9
