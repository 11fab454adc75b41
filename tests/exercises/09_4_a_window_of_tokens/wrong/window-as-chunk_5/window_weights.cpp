#include <limits>

#include "call.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention weights of a layer with a window: each query sees the newest call.window keys.
// scores (T, S), where T = call.tokens and S = call.start_pos + call.tokens -> (T, S)
Matrix window_weights(const Matrix& scores, const Call& call) {
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        const std::size_t position = call.start_pos + i;
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            const bool is_later = j > position;
            const bool is_too_old = j < position / call.window * call.window;
            if (is_later || is_too_old) masked(i, j) = -std::numeric_limits<float>::infinity();
        }
    }
    return ch1::softmax(masked);
}
