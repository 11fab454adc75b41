#include "chapters/09_every_model/alibi.hpp"

#include <bit>
#include <cmath>

namespace ch9 {

Vector alibi_slopes(std::size_t n_heads) {
    const std::size_t power = std::bit_ceil(n_heads);
    const auto slope = [&](std::size_t i) {  // the i-th of `power` slopes, from 1
        return std::exp2(-8.0f * static_cast<float>(i) / static_cast<float>(power));
    };
    Vector slopes = Vector::from_shape({n_heads});
    for (std::size_t h = 0; h < n_heads; ++h) {
        const std::size_t half = power / 2;
        slopes(h) = power == n_heads ? slope(h + 1) : h < half ? slope(2 * h + 2) : slope(2 * (h - half) + 1);
    }
    return slopes;
}

Tensor4 add_alibi(const Tensor4& scores, std::size_t start_pos, std::size_t first_key) {
    const Vector slopes = alibi_slopes(scores.shape(1));
    Tensor4 biased = scores;
    for (std::size_t b = 0; b < scores.shape(0); ++b) {
        for (std::size_t h = 0; h < scores.shape(1); ++h) {
            for (std::size_t i = 0; i < scores.shape(2); ++i) {
                for (std::size_t j = 0; j < scores.shape(3); ++j) {
                    const auto query = static_cast<float>(start_pos + i),
                               key = static_cast<float>(first_key + j);
                    biased(b, h, i, j) += slopes(h) * (key - query);
                }
            }
        }
    }
    return biased;
}

}  // namespace ch9
