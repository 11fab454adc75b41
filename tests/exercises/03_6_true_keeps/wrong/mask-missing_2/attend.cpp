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

    return scaled_dot_product_attention(queries, keys, values);
}
