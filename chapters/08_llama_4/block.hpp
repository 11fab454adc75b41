// A block: attention and a feed-forward network. Each reads a normed copy of the tokens and adds its result
// to the tokens themselves (pre-norm, residual).
// B = sequences in a batch, T = new tokens
#pragma once
#include <cstddef>
#include <variant>

#include "chapters/08_llama_4/attention.hpp"
#include "chapters/08_llama_4/config.hpp"
#include "chapters/08_llama_4/feed_forward.hpp"
#include "chapters/08_llama_4/mixture_of_experts.hpp"
#include "common/tensor.hpp"

namespace ch8 {

struct BlockWeights {
    Vector attention_norm;  // (dim)
    ch5::Weights attention;
    Vector ffn_norm;                                     // (dim)
    std::variant<FeedForward, MoeWeights> feed_forward;  // dense, or experts
};
// Draws the attention, then the feed-forward network. The norms' weights are ones.
BlockWeights random_block(torch::Generator& generator, const Config& config, std::size_t layer);

struct BlockTrace {
    Tensor3 attention_norm;  // (B, T, dim)  what attention reads
    AttentionTrace attention;
    Tensor3 h;                                         // (B, T, dim)  x + attention
    Tensor3 ffn_norm;                                  // (B, T, dim)  what the feed-forward network reads
    std::variant<FeedForwardTrace, MoeTrace> network;  // of all B * T tokens
    Tensor3 feed_forward;                              // (B, T, dim)  its output
    Tensor3 output;                                    // (B, T, dim)  h + feed_forward
};

// x (B, T, dim) contains the tokens at positions from start_pos on.
BlockTrace run_block(const Tensor3& x, const BlockWeights& weights, const Config& config, std::size_t layer,
                     const ch6::ComplexMatrix& table, ch5::KVCache& cache, std::size_t start_pos,
                     AttentionEngine engine = nullptr);

}  // namespace ch8
