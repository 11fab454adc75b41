// Chapter 5: grouped-query attention with a KV cache, as in Llama, but without positions (chapter 6 adds
// them).
// New: several query heads share a key and value head; a cache stores keys and values; the mask starts at
// start_pos.
// From chapter 2: Linear. From chapter 3: masked_fill, masked_softmax.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/05_grouped_query_attention/config.hpp"
#include "chapters/05_grouped_query_attention/kv_cache.hpp"
#include "common/attention_call.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch5 {

struct Weights {
    ch2::Linear wq;  // (H * head_dim, dim)
    ch2::Linear wk;  // (H_kv * head_dim, dim)
    ch2::Linear wv;  // (H_kv * head_dim, dim)
    ch2::Linear wo;  // (dim, H * head_dim)
};
// Draws wq, wk, wv and wo in this order. A bias is drawn after its weight.
Weights random_weights(torch::Generator& generator, const Config& config, bool qkv_bias = false,
                       bool output_bias = false);

struct Trace {
    Tensor4 xq;            // (B, T, H, head_dim)
    Tensor4 xk, xv;        // (B, T, H_kv, head_dim)  of the new tokens
    Tensor4 keys, values;  // (B, S, H, head_dim)     of all tokens, repeated for the query heads
    Tensor4 attn_scores;   // (B, H, T, S)
    Tensor4 masked;        // (B, H, T, S)            -inf where the key comes after the query
    Tensor4 attn_weights;  // (B, H, T, S)            each row sums to 1
    Tensor4 head_context;  // (B, H, T, head_dim)
    Tensor3 combined;      // (B, T, H * head_dim)
    Tensor3 output;        // (B, T, dim)
};

// x (B, T, dim) contains the tokens at positions start_pos to start_pos + T - 1. Writes their keys and values
// into the cache and attends to all tokens up to there. Throws std::invalid_argument if sizes do not fit.
Trace grouped_query_attention(const Tensor3& x, const Weights& weights, const Config& config, KVCache& cache,
                              std::size_t start_pos);

// True if query i, at position start_pos + i, must not see key j: (T, start_pos + T).
ch3::MaskMatrix future_mask(std::size_t tokens, std::size_t start_pos);

// The two halves of this function. project fills xq, xk and xv; attend fills all other tensors, with a mask
// (T, S) that is True for masked scores. Chapter 6 rotates xq and xk between the two.
Trace project(const Tensor3& x, const Weights& weights, const Config& config);
void attend(Trace& trace, const Weights& weights, const Config& config, KVCache& cache, std::size_t start_pos,
            const ch3::MaskMatrix& mask);

// The same with an engine, which reads keys and values in the cache and makes no scores: fills combined and
// output, and leaves the other tensors of attend empty. A query sees the keys up to its own, and if `chunk`
// is not 0 only those of its own chunk (chapter 8).
void attend_with_engine(AttentionEngine engine, Trace& trace, const Weights& weights, const Config& config,
                        KVCache& cache, std::size_t start_pos, std::size_t chunk = 0);

// The call that it makes. The trace's queries and the cache must outlive it.
AttentionCall engine_call(const Trace& trace, const KVCache& cache, std::size_t start_pos,
                          std::size_t chunk = 0);

// The part of attend between cache and wo: from xq, keys and values to combined.
void attend_to_keys(Trace& trace, const ch3::MaskMatrix& mask);

}  // namespace ch5
