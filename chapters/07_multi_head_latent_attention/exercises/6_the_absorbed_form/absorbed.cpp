#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// B = sequences, T = new tokens, S = tokens so far, H = heads, c = width of a latent. x.shape(0) is the
// length of the first axis, and xt::zeros<float>({B, T, H, c}) makes a tensor to add into.

// q_absorbed(b, t, h, :) = q_nope(b, t, h, :) times the matrix w_uk(h, :, :).
// (B, T, H, nope), (H, nope, c) -> (B, T, H, c)
Tensor4 absorb(const Tensor4& q_nope, const Tensor3& w_uk) {
    throw exercise::Missing("absorb: each head's q_nope times its matrix in w_uk");
}

// q_absorbed with the latent of each token so far, plus q_pe with its k_pe. Not scaled.
// (B, T, H, c), (B, T, H, rope), (B, S, c), (B, S, rope) -> (B, T, H, S)
Tensor4 scores(const Tensor4& q_absorbed, const Tensor4& q_pe, const Tensor3& latents, const Tensor3& k_pe) {
    throw exercise::Missing("scores: q_absorbed · latent + q_pe · k_pe, for each token so far");
}

// First the weighted sum of latents, which is (B, T, H, c); then, for each head, w_uv(h, :, :) times it.
// (B, T, H, S), (B, S, c), (H, v, c) -> (B, T, H, v)
Tensor4 context(const Tensor4& attn_weights, const Tensor3& latents, const Tensor3& w_uv) {
    throw exercise::Missing("context: the weighted sum of latents, then each head's matrix in w_uv");
}
