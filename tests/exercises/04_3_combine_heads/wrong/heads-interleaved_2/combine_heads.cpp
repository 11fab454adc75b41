#include "common/tensor.hpp"

// Puts the heads of each token side by side: (B, H, T, head_dim) -> (B, T, H * head_dim).
// B = sequences in a batch, T = tokens, H = heads
Tensor3 combine_heads(const Tensor4& x) {
    Tensor3 rows = Tensor3::from_shape({x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
    for (std::size_t b = 0; b < x.shape(0); ++b)
        for (std::size_t h = 0; h < x.shape(1); ++h)
            for (std::size_t t = 0; t < x.shape(2); ++t)
                for (std::size_t c = 0; c < x.shape(3); ++c) rows(b, t, c * x.shape(1) + h) = x(b, h, t, c);
    return rows;
}
