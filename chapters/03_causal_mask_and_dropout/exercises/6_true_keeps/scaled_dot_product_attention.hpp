// F.scaled_dot_product_attention for one sequence. T = queries, S = keys
#pragma once
#include <cmath>
#include <limits>
#include <optional>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

using Mask = xt::xtensor<bool, 2>;

// softmax(Q Kᵀ / √d_k) V. Query i attends to key j only if attn_mask(i, j) is true; without a mask, to all
// keys. queries (T, d_k), keys (S, d_k), values (S, d_v), attn_mask (T, S) -> (T, d_v)
inline Matrix scaled_dot_product_attention(const Matrix& queries, const Matrix& keys, const Matrix& values,
                                           const std::optional<Mask>& attn_mask = std::nullopt) {
    Matrix scores = torch::matmul_transposed(queries, keys) / std::sqrt(static_cast<float>(keys.shape(1)));
    for (std::size_t i = 0; attn_mask && i < scores.shape(0); ++i) {
        for (std::size_t j = 0; j < scores.shape(1); ++j)
            if (!(*attn_mask)(i, j)) scores(i, j) = -std::numeric_limits<float>::infinity();
    }
    return torch::matmul(ch1::softmax(scores), values);
}
