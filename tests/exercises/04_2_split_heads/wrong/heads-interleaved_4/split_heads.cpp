#include "common/tensor.hpp"

// Splits one wide projection into heads: (B, T, d_out) -> (B, H, T, head_dim), d_out = H * head_dim.
// B = sequences in a batch, T = tokens, H = n_heads
Tensor4 split_heads(const Tensor3& x, std::size_t n_heads) {
    const std::size_t head_dim = x.shape(2) / n_heads;
    Tensor4 heads = Tensor4::from_shape({x.shape(0), n_heads, x.shape(1), head_dim});
    for (std::size_t b = 0; b < x.shape(0); ++b)
        for (std::size_t h = 0; h < n_heads; ++h)
            for (std::size_t t = 0; t < x.shape(1); ++t)
                for (std::size_t c = 0; c < head_dim; ++c) heads(b, h, t, c) = x(b, t, c * n_heads + h);
    return heads;
}
