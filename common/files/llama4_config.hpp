// Dimensions of a whole Llama 4 model, from the params.json of its reference implementation or from Hugging
// Face's config.json, which is known by its hidden_size.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/files/model_config.hpp"

// In parentheses Hugging Face's names. The numbers are what the reference takes where its file is silent.
struct Llama4ModelConfig {
    std::size_t dim = 0;                    // (hidden_size)
    std::size_t n_layers = 0;               // (num_hidden_layers)
    std::size_t n_heads = 0;                // (num_attention_heads)
    std::optional<std::size_t> n_kv_heads;  // (num_key_value_heads) none: n_heads
    std::size_t head_dim = 0;
    std::size_t vocab_size = 0;
    double norm_eps = 1e-5;                                  // (rms_norm_eps)
    std::optional<std::size_t> max_batch_size, max_seq_len;  // (max_position_embeddings) none: any
    std::optional<bool> add_bias;                            // (attention_bias) none: the weights decide
    bool tied = false;  // (tie_word_embeddings) output has the weights of tok_embeddings

    std::vector<std::size_t> nope_layers;             // numbers of layers, from 0 (no_rope_layers)
    std::vector<std::size_t> global_layers;           // (layer_types) outside of which there are chunks
    std::optional<std::size_t> attention_chunk_size;  // none: no chunks
    bool use_qk_norm = false, attn_temperature_tuning = false;
    double floor_scale = 8192, attn_scale = 0.1;
    double rope_theta = 500000;
    std::optional<RopeScaling> rope_scaling;

    // Hidden widths: Hugging Face's files have them, for the reference they follow from dim.
    struct Widths {
        std::size_t dense, expert;  // (intermediate_size_mlp, intermediate_size)
    };
    std::optional<Widths> widths;
    std::size_t multiple_of = 256;
    double ffn_dim_multiplier = 1, ffn_exp = 4;
    double capacity = 2;  // capacity_factor + 1, or 1 where auto_scale_F is false

    std::vector<std::size_t> moe_layers;     // numbers of layers, from 0
    std::size_t num_experts = 0, top_k = 1;  // (num_local_experts, num_experts_per_tok)

    std::vector<std::string> ignored;  // fields that are not understood and do not speak of attention
};

// The text_config of a multimodal config.json counts. Fields that are null count as absent; field_policy.hpp
// says what is done with other names. Throws FileError, which names the field that is missing, of the wrong
// type, out of range, at odds with another, or that asks for what chapter 8 does not do.
Llama4ModelConfig read_llama4_config(const std::string& path);
