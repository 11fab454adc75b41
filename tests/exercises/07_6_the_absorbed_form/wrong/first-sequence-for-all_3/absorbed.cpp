#include "common/tensor.hpp"

// B = sequences, T = new tokens, S = tokens so far, H = heads, c = width of a latent.

// q_absorbed(b, t, h, :) = q_nope(b, t, h, :) times the matrix w_uk(h, :, :).
// (B, T, H, nope), (H, nope, c) -> (B, T, H, c)
Tensor4 absorb(const Tensor4& q_nope, const Tensor3& w_uk) {
    const std::size_t batch = q_nope.shape(0), tokens = q_nope.shape(1), heads = q_nope.shape(2),
                      c = w_uk.shape(2);
    Tensor4 q_absorbed = xt::zeros<float>({batch, tokens, heads, c});
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t h = 0; h < heads; ++h) {
                for (std::size_t i = 0; i < w_uk.shape(1); ++i) {
                    for (std::size_t j = 0; j < c; ++j) {
                        q_absorbed(b, t, h, j) += q_nope(b, t, h, i) * w_uk(h, i, j);
                    }
                }
            }
        }
    }
    return q_absorbed;
}

// q_absorbed with the latent of each token so far, plus q_pe with its k_pe. Not scaled.
// (B, T, H, c), (B, T, H, rope), (B, S, c), (B, S, rope) -> (B, T, H, S)
Tensor4 scores(const Tensor4& q_absorbed, const Tensor4& q_pe, const Tensor3& latents, const Tensor3& k_pe) {
    const std::size_t batch = q_pe.shape(0), tokens = q_pe.shape(1), heads = q_pe.shape(2),
                      so_far = latents.shape(1);
    Tensor4 sums = xt::zeros<float>({batch, tokens, heads, so_far});
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t h = 0; h < heads; ++h) {
                for (std::size_t s = 0; s < so_far; ++s) {
                    float& sum = sums(b, t, h, s);
                    for (std::size_t j = 0; j < latents.shape(2); ++j)
                        sum += q_absorbed(b, t, h, j) * latents(0, s, j);
                    for (std::size_t r = 0; r < k_pe.shape(2); ++r) sum += q_pe(b, t, h, r) * k_pe(0, s, r);
                }
            }
        }
    }
    return sums;
}

// First the weighted sum of latents, which is (B, T, H, c); then, for each head, w_uv(h, :, :) times it.
// (B, T, H, S), (B, S, c), (H, v, c) -> (B, T, H, v)
Tensor4 context(const Tensor4& attn_weights, const Tensor3& latents, const Tensor3& w_uv) {
    const std::size_t batch = attn_weights.shape(0), tokens = attn_weights.shape(1),
                      heads = attn_weights.shape(2), c = latents.shape(2), v = w_uv.shape(1);
    Tensor4 head_context = xt::zeros<float>({batch, tokens, heads, v});
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t h = 0; h < heads; ++h) {
                Vector mixed = xt::zeros<float>({c});
                for (std::size_t s = 0; s < latents.shape(1); ++s) {
                    for (std::size_t j = 0; j < c; ++j)
                        mixed(j) += attn_weights(b, t, h, s) * latents(b, s, j);
                }
                for (std::size_t i = 0; i < v; ++i) {
                    for (std::size_t j = 0; j < c; ++j) head_context(b, t, h, i) += w_uv(h, i, j) * mixed(j);
                }
            }
        }
    }
    return head_context;
}
