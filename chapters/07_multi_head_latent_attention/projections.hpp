// Projects a token to its query, and to the latent that all its keys and values come from.
// B = sequences in a batch, T = new tokens, H = heads, q_rank = q_lora_rank, c = kv_lora_rank,
// nope = qk_nope_head_dim, rope = qk_rope_head_dim, v = v_head_dim
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"
#include "common/view.hpp"

namespace ch7 {

// Names and shapes as in DeepSeek's checkpoints.
struct Weights {
    ch2::Linear wq;     // (H * (nope + rope), dim)     direct queries, only if q_lora_rank is 0
    ch2::Linear wq_a;   // (q_rank, dim)                low-rank queries: down,
    Vector q_norm;      // (q_rank)
    ch2::Linear wq_b;   // (H * (nope + rope), q_rank)  and up again
    ch2::Linear wkv_a;  // (c + rope, dim)              down to the latent, and to k_pe beside it
    Vector kv_norm;     // (c)
    ch2::Linear wkv_b;  // (H * (nope + v), c)          for each head, rows for its keys, then for its values
    ch2::Linear wo;     // (dim, H * v)
};
// Draws wq or wq_a and wq_b, then wkv_a, wkv_b and wo, without bias. The norms' weights are ones.
Weights random_weights(torch::Generator& generator, const Config& config);

struct Projections {
    Tensor3 q_latent, q_normed;    // (B, T, q_rank)            low-rank queries only
    Tensor4 q;                     // (B, T, H, nope + rope)
    Tensor4 q_nope;                // (B, T, H, nope)
    Tensor4 q_pe, q_pe_rotated;    // (B, T, H, rope)
    Tensor3 kv_latent, kv_normed;  // (B, T, c)
    Tensor3 k_pe, k_pe_rotated;    // (B, T, rope)              one for all heads
};

// x (B, T, dim) contains the tokens at positions from start_pos on. `table` has at least start_pos + T rows.
Projections project(const Tensor3& x, const Weights& weights, const Config& config,
                    const ch6::ComplexMatrix& table, std::size_t start_pos);

// The second half of project, after the two products that read x: splits, norms and rotates `flat_q` (B, T, H
// * (nope + rope)) and `down` (B, T, c + rope). A GPU can compute the two products instead.
void cut_and_turn(Projections& made, const Tensor3& flat_q, const Tensor3& down, const Weights& weights,
                  const Config& config, const ch6::ComplexMatrix& table, std::size_t start_pos);

// Two parts of wkv_b as (H, nope + v, c), read in place: w_uk computes keys, (H, nope, c), and w_uv computes
// values, (H, v, c).
View3 w_uk(const Weights& weights, const Config& config);
View3 w_uv(const Weights& weights, const Config& config);

}  // namespace ch7
