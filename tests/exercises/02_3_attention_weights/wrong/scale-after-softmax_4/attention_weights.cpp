#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// softmax(Q Kᵀ / √d_k). queries (T, d_k), keys (S, d_k) -> (T, S), each row sums to 1
Matrix attention_weights(const Matrix& queries, const Matrix& keys) {
    const auto d_k = static_cast<float>(keys.shape(1));
    const Matrix scores = torch::matmul(queries, torch::transpose(keys));
    const Matrix weights = ch1::softmax(scores);
    return weights / std::sqrt(d_k);
}
