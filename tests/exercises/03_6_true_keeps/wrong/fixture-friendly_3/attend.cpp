#include <algorithm>
#include <vector>

#include "common/tensor.hpp"
#include "scaled_dot_product_attention.hpp"

// Self-attention of a sentence that is filled up with padding: is_padding[j] says that token j is no real
// token. T = tokens. queries, keys (T, d_k), values (T, d_v) -> (T, d_v)
Matrix attend(const Matrix& queries, const Matrix& keys, const Matrix& values,
              const std::vector<bool>& is_padding) {
    // Without padding no mask is needed.
    const bool any_padding = std::find(is_padding.begin(), is_padding.end(), true) != is_padding.end();
    if (!any_padding) return scaled_dot_product_attention(queries, keys, values);

    // No token attends to padding.
    Mask attn_mask = Mask::from_shape({queries.shape(0), keys.shape(0)});
    for (std::size_t i = 0; i < queries.shape(0); ++i) {
        for (std::size_t j = 0; j < keys.shape(0); ++j) attn_mask(i, j) = !is_padding[j];
    }
    return scaled_dot_product_attention(queries, keys, values, attn_mask);
}
