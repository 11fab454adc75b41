#include <limits>

#include "common/tensor.hpp"

// A copy of the scores in which the score of every later key is -inf. (T, T) -> (T, T), row = query, column =
// key
Matrix hide_the_future(const Matrix& scores) {
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            if (j >= i) masked(i, j) = -std::numeric_limits<float>::infinity();
        }
    }
    return masked;
}
