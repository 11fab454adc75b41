// Chapter 8: the attention of Llama 4. Its layers are of two kinds. Most have RoPE, QK norm, and a mask of
// chunks: they see what is near. The others have no positions and see the whole text.
// From chapter 5: grouped queries and the cache. From chapter 6: the rotation.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/08_llama_4/config.hpp"
#include "common/tensor.hpp"

namespace ch8 {

// A tensor that a layer of this kind does not have is empty.
struct AttentionTrace {
    Tensor4 xq, xk;                  // (B, T, H or H_kv, head_dim)  as projected
    Tensor4 xq_rotated, xk_rotated;  // RoPE layers
    Tensor4 xq_normed, xk_normed;    // RoPE layers with QK norm
    Vector temperature;              // (T)                          NoPE layers with temperature
    Tensor4 xq_scaled;               // (B, T, H, head_dim)          NoPE layers with temperature
    ch5::Trace attended;  // with xq and xk in their last form; the cache stores this form of the keys
};

// x (B, T, dim) contains the tokens at positions from start_pos on, already normed. `layer` is counted from
// 0. `table` has at least start_pos + T rows. An engine, if there is one, makes no scores (chapter 5's
// attend_with_engine).
AttentionTrace attention(const Tensor3& x, const ch5::Weights& weights, const Config& config,
                         std::size_t layer, const ch6::ComplexMatrix& table, ch5::KVCache& cache,
                         std::size_t start_pos, AttentionEngine engine = nullptr);

// The chunks of a layer's mask, or 0 if the layer sees the whole text.
std::size_t chunk_of(const Config& config, std::size_t layer);

// The mask of a layer (T, S), True for masked scores: global or chunked.
ch3::MaskMatrix mask_of(const Config& config, std::size_t layer, std::size_t tokens, std::size_t start_pos);

}  // namespace ch8
