#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// softmax(Q Kᵀ / √d_k). queries (T, d_k), keys (S, d_k) -> (T, S), each row sums to 1
Matrix attention_weights(const Matrix& queries, const Matrix& keys) {
    const Matrix scores = torch::matmul(queries, torch::transpose(keys));
    return ch1::softmax(scores);
}
