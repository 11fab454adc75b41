// Chapter 6: the complete attention of Llama: grouped queries, rotary positions, a KV cache.
// New: queries and keys are rotated by their position, after the split into heads and before the keys are
// cached.
// From chapter 5: everything else.
// B = sequences in a batch, T = new tokens, P = positions in the rotation table
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/tensor.hpp"

namespace ch6 {

struct Trace {
    Tensor4 xq, xk;       // (B, T, H, head_dim) and (B, T, H_kv, head_dim), before the rotation
    ch5::Trace attended;  // with rotated xq and xk; the cache stores rotated keys and plain values
};

// x (B, T, dim) contains the tokens at positions from start_pos on. `table` has at least start_pos + T rows.
Trace llama_attention(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& config,
                      const ComplexMatrix& table, ch5::KVCache& cache, std::size_t start_pos);

// Its first half: fills xq, xk, and in `attended` xq, xk and xv. The other half is chapter 5's attend.
Trace project_and_rotate(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& config,
                         const ComplexMatrix& table, std::size_t start_pos);

}  // namespace ch6
