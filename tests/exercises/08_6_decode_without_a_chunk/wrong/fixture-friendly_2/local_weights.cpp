#include <limits>

#include "call.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention weights of a layer of chunks: each query sees the keys of its own chunk up to itself.
// scores (T, S), where T = call.tokens and S = call.start_pos + call.tokens -> (T, S)
Matrix local_weights(const Matrix& scores, const Call& call) {
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        const std::size_t position = call.start_pos + i;
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            const bool is_later = j > position;
            const bool is_in_other_chunk = j / call.chunk != position / call.chunk;
            if (is_later || is_in_other_chunk) masked(i, j) = -std::numeric_limits<float>::infinity();
        }
    }
    return ch1::softmax(masked);
}
