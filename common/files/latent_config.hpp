// Dimensions of a layer of DeepSeek's multi-head latent attention, from the config of its own inference code
// or from Hugging Face's config.json, which is known by its hidden_size.
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

// In parentheses Hugging Face's names. The numbers are what DeepSeek-V3's ModelArgs takes where its own
// config is silent; of Hugging Face's, the sizes must be there.
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
    std::vector<std::string> ignored;  // fields that say nothing of attention, by their names
};

// Fields that are null count as absent; field_policy.hpp says what is done with other names. Throws
// FileError, which names the field that is missing, of the wrong type, out of range, or asks for what chapter
// 7 does not do.
LatentModelConfig read_latent_config(const std::string& path);
