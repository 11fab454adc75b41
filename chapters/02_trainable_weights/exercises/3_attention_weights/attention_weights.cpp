#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// softmax(Q Kᵀ / √d_k). queries (T, d_k), keys (S, d_k) -> (T, S), each row sums to 1
Matrix attention_weights(const Matrix& queries, const Matrix& keys) {
    // torch::matmul(a, b) is a @ b, torch::transpose(a) is a.T, and ch1::softmax(scores) works on each row.
    // Store each result in a Matrix: `const Matrix half = scores / 2.0f;`. Your code replaces the next line.
    throw exercise::Missing(
        "the scores, divided by the square root of the width of a key, and their softmax");
}
