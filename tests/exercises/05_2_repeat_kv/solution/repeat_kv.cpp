#include "common/tensor.hpp"

// Each key head n_rep times in a row: (B, S, H_kv, head_dim) -> (B, S, H_kv * n_rep, head_dim)
// B = sequences in a batch, S = tokens so far, H_kv = key heads
Tensor4 repeat_kv(const Tensor4& x, std::size_t n_rep) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), kv_heads = x.shape(2), head_dim = x.shape(3);
    Tensor4 repeated = xt::zeros<float>({batch, tokens, kv_heads * n_rep, head_dim});
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t s = 0; s < tokens; ++s) {
            for (std::size_t h = 0; h < kv_heads * n_rep; ++h) {
                for (std::size_t d = 0; d < head_dim; ++d) repeated(b, s, h, d) = x(b, s, h / n_rep, d);
            }
        }
    }
    return repeated;
}
