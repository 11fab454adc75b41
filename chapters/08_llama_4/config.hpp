// The dimensions of a Llama 4 model, under the names of its reference implementation, and the kind of each
// layer.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "chapters/05_grouped_query_attention/config.hpp"

namespace ch8 {

// Some layers of a model by their numbers, from 0.
using Layers = std::vector<std::size_t>;
bool contains(const Layers& layers, std::size_t layer);

struct Config {
    ch5::Config heads;         // dim, heads, head_dim, and the size of each layer's cache
    std::size_t n_layers = 0;  // blocks, one after the other
    std::size_t vocab_size = 0;

    // Attention.
    Layers nope_layers;                               // layers without RoPE (No Position Embedding)
    Layers global_layers;                             // layers whose queries see every earlier chunk
    std::optional<std::size_t> attention_chunk_size;  // the chunks of all other layers; none: no chunks
    bool use_qk_norm = false;                         // RoPE layers: queries and keys are normed
    bool attn_temperature_tuning = false;             // NoPE layers: queries grow with their position
    float floor_scale = 8192.0f;                      // ... in steps of so many tokens
    float attn_scale = 0.1f;                          // ... and this slowly

    // Feed-forward.
    std::size_t hidden_dim = 0;  // hidden width of a dense layer
    Layers moe_layers;           // layers with experts in place of the dense network
    std::size_t num_experts = 0;
    std::size_t top_k = 0;       // the number of experts that process a token, besides the shared one
    std::size_t expert_dim = 0;  // hidden width of an expert

    float norm_eps = 1e-5f;  // of RMSNorm and of QK norm
};

// Throws std::invalid_argument that names the field if a size is 0, top_k is more than num_experts, or
// head_dim is odd where RoPE rotates pairs.
void check(const Config& config);

}  // namespace ch8
