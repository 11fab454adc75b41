// Why position needs its own numbers here: with RoPE on the whole key, as in chapter 6, nothing can be
// absorbed. One head shows this.
// S = keys, d = width of the head (even), c = kv_lora_rank
#pragma once
#include <cstddef>

#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/tensor.hpp"

namespace ch7 {

struct RopeInside {
    Vector scores;              // (S)     (R(m) q) · (R(n) W_UK latentₙ): the correct scores
    Vector absorbed;            // (S)     (W_UKᵀ R(m) q) · latentₙ: one absorbed query, keys not rotated
    Matrix query_for_each_key;  // (S, c)  W_UKᵀ R(m - n) q: the query to absorb for key n
    Vector repaired;  // (S)     its rows with the latents: correct again, but one query for each key
};

// Takes a query q (d) at `position`, W_UK (d, c) of its head, and the latents (S, c) of positions 0 to S - 1.
RopeInside rope_inside(const Vector& q, const Matrix& w_uk, const Matrix& latents,
                       const ch6::ComplexMatrix& table, std::size_t position);

}  // namespace ch7
