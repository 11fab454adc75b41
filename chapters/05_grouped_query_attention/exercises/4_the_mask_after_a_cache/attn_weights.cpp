#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention weights of T new tokens: softmax over the keys up to the token itself. There are keys of S
// tokens, and the last T of them belong to the new tokens. (T, S) -> (T, S)
Matrix attn_weights(const Matrix& scores) {
    const std::size_t tokens = scores.shape(0), all_tokens = scores.shape(1);
    Matrix masked = scores;
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t j = i + 1; j < all_tokens; ++j)
            masked(i, j) = -std::numeric_limits<float>::infinity();
    }
    return ch1::softmax(masked);
}
