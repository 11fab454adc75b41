// Reads the dimensions of a layer of DeepSeek's multi-head latent attention, from the config of DeepSeek's
// own inference code or from Hugging Face's config.json. The field hidden_size identifies Hugging Face's.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

// YaRN: rotary embeddings for texts longer than those trained on.
struct LatentYarn {
    double factor = 40, beta_fast = 32, beta_slow = 1;
    std::size_t original_max_seq_len = 4096;
    double mscale = 1;          // of the softmax scale: times (0.1 mscale ln(factor) + 1)²
    double rotation_scale = 1;  // times cos and sin
};

// Hugging Face's names are in parentheses. The numbers are the defaults of DeepSeek-V3's ModelArgs; they hold
// for fields that DeepSeek's own config leaves out. Hugging Face's config must have all sizes.
struct LatentModelConfig {
    std::size_t dim = 0;          // (hidden_size)
    std::size_t n_heads = 0;      // (num_attention_heads)
    std::size_t q_lora_rank = 0;  // 0: queries come straight from x (null)
    std::size_t kv_lora_rank = 512;
    std::size_t qk_nope_head_dim = 128, qk_rope_head_dim = 64, v_head_dim = 128;
    std::optional<std::size_t> max_batch_size;  // none: any
    std::size_t max_seq_len = 16384;            // (max_position_embeddings)
    double rope_theta = 10000;
    std::optional<LatentYarn> yarn;
    std::vector<std::string> ignored;  // names of fields that do not affect attention
};

// A field that is null counts as absent. field_policy.hpp handles all other names. Throws FileError, which
// names the field that is missing, has the wrong type, is out of range, or needs a feature that chapter 7
// does not have.
LatentModelConfig read_latent_config(const std::string& path);
