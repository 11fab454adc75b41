#include "common/tensor.hpp"

// Permutes the rows of each head, from neighbouring pairs to halves.
// weight (n_heads * head_dim, dim) -> (n_heads * head_dim, dim)
Matrix to_half_split(const Matrix& weight, std::size_t n_heads) {
    const std::size_t head_dim = weight.shape(0) / n_heads;
    Matrix permuted = weight;
    for (std::size_t h = 0; h < n_heads; ++h) {
        const std::size_t start = h * head_dim, half = head_dim / 2;
        for (std::size_t i = 0; i < half; ++i) {
            for (std::size_t c = 0; c < weight.shape(1); ++c) {
                permuted(start + i, c) = weight(start + 2 * i, c);
                permuted(start + half + i, c) = weight(start + 2 * i + 1, c);
            }
        }
    }
    return permuted;
}
