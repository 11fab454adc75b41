#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// softmax(Q Kᵀ / √d_k) V. x (T, d_in), W_query and W_key (d_in, d_k), W_value (d_in, d_v) -> (T, d_v)
Matrix self_attention(const Matrix& x, const Matrix& W_query, const Matrix& W_key, const Matrix& W_value) {
    const Matrix queries = torch::matmul(x, W_query);
    const Matrix keys = torch::matmul(x, W_key);
    const Matrix values = torch::matmul(x, W_value);
    const Matrix scores = torch::matmul(queries, torch::transpose(keys));
    const Matrix scaled = scores / std::sqrt(static_cast<float>(keys.shape(1)));
    const Matrix attn_weights = ch1::softmax(scaled);
    return torch::matmul(torch::transpose(attn_weights), values);
}
