#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention weights with a float mask, as in F.scaled_dot_product_attention: softmax(Q Kᵀ / √d_k + mask).
// T = tokens. queries, keys (T, d_k), mask (T, T) -> (T, T), row = query, column = key
Matrix attn_weights(const Matrix& queries, const Matrix& keys, const Matrix& mask) {
    const Matrix scores = torch::matmul_transposed(queries, keys);  // Q Kᵀ
    const Matrix scaled = scores / std::sqrt(static_cast<float>(keys.shape(1)));
    const Matrix masked = (scaled + mask) / std::sqrt(static_cast<float>(keys.shape(1)));
    return ch1::softmax(masked);
}
