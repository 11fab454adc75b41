#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention weights of a causal mask: softmax over the keys up to the token itself. (T, T) -> (T, T)
Matrix causal_weights(const Matrix& scores) {
    Matrix weights = ch1::softmax(scores);
    for (std::size_t i = 0; i < weights.shape(0); ++i) {
        for (std::size_t j = i + 1; j < weights.shape(1); ++j) weights(i, j) = 0.0f;
    }
    return ch1::softmax(weights);
}
