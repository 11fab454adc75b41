// Chapter 5: grouped-query attention with a KV cache, as Llama has it (without positions: they are chapter
// 6). New: several query heads share a key and value head; keys and values are kept; the mask starts at
// start_pos. From chapter 2: Linear. From chapter 3: masked_fill, masked_softmax. B = sequences in a batch, T
// = new tokens, S = start_pos + T, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/05_grouped_query_attention/config.hpp"
#include "chapters/05_grouped_query_attention/kv_cache.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch5 {

struct Weights {
    ch2::Linear wq;  // (H * head_dim, dim)
    ch2::Linear wk;  // (H_kv * head_dim, dim)
    ch2::Linear wv;  // (H_kv * head_dim, dim)
    ch2::Linear wo;  // (dim, H * head_dim)
};
// Drawn in the order wq, wk, wv, wo; a bias, if asked for, after its weight.
Weights random_weights(torch::Generator& generator, const Config& config, bool qkv_bias = false,
                       bool output_bias = false);

struct Trace {
    Tensor4 xq;            // (B, T, H, head_dim)
    Tensor4 xk, xv;        // (B, T, H_kv, head_dim)  of the new tokens
    Tensor4 keys, values;  // (B, S, H, head_dim)     of all tokens, shared out to the query heads
    Tensor4 attn_scores;   // (B, H, T, S)
    Tensor4 masked;        // (B, H, T, S)            -inf where the key comes after the query
    Tensor4 attn_weights;  // (B, H, T, S)            each row sums to 1
    Tensor4 head_context;  // (B, H, T, head_dim)
    Tensor3 combined;      // (B, T, H * head_dim)
    Tensor3 output;        // (B, T, dim)
};

// x (B, T, dim) are the tokens at positions start_pos to start_pos + T. Writes their keys and values into the
// cache and attends to all that it holds up to there. Throws std::invalid_argument where sizes do not fit.
Trace grouped_query_attention(const Tensor3& x, const Weights& weights, const Config& config, KVCache& cache,
                              std::size_t start_pos);

// True where query i, at position start_pos + i, must not see key j: (T, start_pos + T).
ch3::MaskMatrix future_mask(std::size_t tokens, std::size_t start_pos);

// Its two halves: the first fills xq, xk and xv, the second everything else, with a mask (T, S) that is True
// where it hides. Chapter 6 turns xq and xk between the two.
Trace project(const Tensor3& x, const Weights& weights, const Config& config);
void attend(Trace& trace, const Weights& weights, const Config& config, KVCache& cache, std::size_t start_pos,
            const ch3::MaskMatrix& mask);

}  // namespace ch5
