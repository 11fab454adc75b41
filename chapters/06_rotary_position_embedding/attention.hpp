// Chapter 6: the complete attention of Llama: grouped queries, rotary positions, a KV cache.
// New: queries and keys are turned by their position, after they are cut into heads and before keys are
// cached. From chapter 5: everything else. B = sequences in a batch, T = new tokens, P = positions in the
// rotation table
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/tensor.hpp"

namespace ch6 {

struct Trace {
    Tensor4 xq, xk;       // (B, T, H, head_dim) and (B, T, H_kv, head_dim), before they are turned
    ch5::Trace attended;  // with xq and xk turned; its cache holds turned keys and values that are not
};

// x (B, T, dim) are the tokens at positions start_pos and after; `table` has at least start_pos + T rows.
Trace llama_attention(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& config,
                      const ComplexMatrix& table, ch5::KVCache& cache, std::size_t start_pos);

}  // namespace ch6
