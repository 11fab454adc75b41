#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The fast path, with one matrix product.
Matrix weights_by_product(const Matrix& queries, const Matrix& keys) {
    const auto d_k = static_cast<float>(keys.shape(1));
    const Matrix scores = torch::matmul(queries, torch::transpose(keys));
    const Matrix scaled = scores / std::sqrt(d_k);
    return ch1::softmax(scaled);
}

// The path for all other widths, with loops.
Matrix weights_by_loops(const Matrix& queries, const Matrix& keys) {
    Matrix scores = xt::zeros<float>({queries.shape(0), keys.shape(0)});
    for (std::size_t t = 0; t < queries.shape(0); ++t) {
        for (std::size_t s = 0; s < keys.shape(0); ++s) {
            float sum = 0.0f;
            for (std::size_t d = 0; d < keys.shape(1); ++d) sum += queries(t, d) * keys(s, d);
            scores(t, s) = sum;
        }
    }
    return ch1::softmax(scores);
}

// softmax(Q Kᵀ / √d_k). queries (T, d_k), keys (S, d_k) -> (T, S). The fast path needs a width of 4, 8, 12
// ...
Matrix attention_weights(const Matrix& queries, const Matrix& keys) {
    if (keys.shape(1) % 4 == 0) return weights_by_product(queries, keys);
    return weights_by_loops(queries, keys);
}
