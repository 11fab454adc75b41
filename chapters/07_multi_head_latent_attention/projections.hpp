// From a token to its query, and to the latent that all its keys and values come from.
// B = sequences in a batch, T = new tokens, H = heads, q_rank = q_lora_rank, c = kv_lora_rank,
// nope = qk_nope_head_dim, rope = qk_rope_head_dim, v = v_head_dim
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch7 {

// Names and shapes as in DeepSeek's checkpoints.
struct Weights {
    ch2::Linear wq;     // (H * (nope + rope), dim)     direct queries: only where q_lora_rank is 0
    ch2::Linear wq_a;   // (q_rank, dim)                low-rank queries: down,
    Vector q_norm;      // (q_rank)
    ch2::Linear wq_b;   // (H * (nope + rope), q_rank)  and up again
    ch2::Linear wkv_a;  // (c + rope, dim)              down to the latent, and beside it k_pe
    Vector kv_norm;     // (c)
    ch2::Linear wkv_b;  // (H * (nope + v), c)          for each head rows for its keys, then for its values
    ch2::Linear wo;     // (dim, H * v)
};
// Drawn in the order wq or wq_a and wq_b, wkv_a, wkv_b, wo, without bias; the norms' weights are ones.
Weights random_weights(torch::Generator& generator, const Config& config);

struct Projections {
    Tensor3 q_latent, q_normed;    // (B, T, q_rank)            low-rank queries only
    Tensor4 q;                     // (B, T, H, nope + rope)
    Tensor4 q_nope;                // (B, T, H, nope)
    Tensor4 q_pe, q_pe_rotated;    // (B, T, H, rope)
    Tensor3 kv_latent, kv_normed;  // (B, T, c)
    Tensor3 k_pe, k_pe_rotated;    // (B, T, rope)              one for all heads
};

// x (B, T, dim) are the tokens at positions start_pos and after; `table` has at least start_pos + T rows.
Projections project(const Tensor3& x, const Weights& weights, const Config& config,
                    const ch6::ComplexMatrix& table, std::size_t start_pos);

// Its second half, after the products that read x: `flat_q` (B, T, H * (nope + rope)) and `down` (B, T, c +
// rope) are cut, normed and turned. Somebody may make the two products elsewhere.
void cut_and_turn(Projections& made, const Tensor3& flat_q, const Tensor3& down, const Weights& weights,
                  const Config& config, const ch6::ComplexMatrix& table, std::size_t start_pos);

// wkv_b seen as (H, nope + v, c): the rows that make keys, (H, nope, c), and those that make values, (H, v,
// c).
Tensor3 w_uk(const Weights& weights, const Config& config);
Tensor3 w_uv(const Weights& weights, const Config& config);

}  // namespace ch7
