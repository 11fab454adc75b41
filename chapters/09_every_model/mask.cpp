#include "chapters/09_every_model/mask.hpp"

#include <algorithm>
#include <limits>

namespace ch9 {

std::size_t first_visible(const Mask& mask, std::size_t query) {
    // A window of w keys includes the query's own. A chunk begins at a multiple of its length.
    const std::size_t of_window = mask.window && query >= *mask.window ? query + 1 - *mask.window : 0;
    const std::size_t of_chunk = mask.chunk ? query / *mask.chunk * *mask.chunk : 0;
    return std::max(of_window, of_chunk);
}

ch3::MaskMatrix hidden_keys(const Mask& mask, std::size_t tokens, std::size_t start_pos, std::size_t keys,
                            std::size_t first_key) {
    ch3::MaskMatrix hidden = ch3::MaskMatrix::from_shape({tokens, keys});
    for (std::size_t i = 0; i < tokens; ++i) {
        const std::size_t query = start_pos + i, first = first_visible(mask, query);
        for (std::size_t j = 0; j < keys; ++j) {
            const std::size_t key = first_key + j;
            hidden(i, j) = key < first || (mask.causal && key > query);
        }
    }
    return hidden;
}

Tensor4 hide_padding(const Tensor4& scores, const ch3::MaskMatrix& is_text, std::size_t first_key) {
    Tensor4 masked = scores;
    for (std::size_t b = 0; b < scores.shape(0); ++b) {
        for (std::size_t j = 0; j < scores.shape(3); ++j) {
            if (is_text(b, first_key + j)) continue;
            xt::view(masked, b, xt::all(), xt::all(), j) = -std::numeric_limits<float>::infinity();
        }
    }
    return masked;
}

}  // namespace ch9
