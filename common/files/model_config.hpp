// Reads the dimensions of an attention layer from a model's params.json or config.json. The names are those
// of Llama's reference implementation; Hugging Face's names are read as well.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/files/text_limit.hpp"

class Fields;

// How rotary embeddings are scaled for sequences longer than those in training.
struct RopeScaling {
    std::string type;  // "linear", "ntk", "llama3" or "yarn"
    double factor = 1;
    double low_freq_factor = 1, high_freq_factor = 4;  // llama3
    std::size_t original_max_seq_len = 8192;           // llama3, yarn; not given: max_seq_len
    double beta_fast = 32, beta_slow = 1;              // yarn
    bool truncate = true;                              // yarn: the bounds of its ramp are whole numbers
    double attention_factor = 1;                       // yarn: times cos and sin
};

// Hugging Face's names are in parentheses.
struct ModelConfig {
    std::size_t dim = 0;                        // (hidden_size)
    std::size_t n_heads = 0;                    // (num_attention_heads)
    std::optional<std::size_t> n_kv_heads;      // (num_key_value_heads) none: n_heads
    std::optional<std::size_t> head_dim;        // none: dim / n_heads
    std::optional<std::size_t> max_batch_size;  // none: any
    std::size_t max_seq_len = 2048;             // (max_position_embeddings)
    std::vector<TextLimit> limits;              // further limits on the number of tokens
    std::optional<bool> attention_bias;  // of wq, wk, wv, and wo except in Qwen2; none: the weights decide
    bool output_bias = true;             // whether attention_bias includes wo
    std::vector<std::string> ignored;    // names of fields that do not affect attention
    double rope_theta = 10000;
    std::optional<RopeScaling> rope_scaling;
};

// A field that is null counts as absent. field_policy.hpp handles all other names. Throws FileError, which
// names the field that is missing, has the wrong type, is out of range, contradicts another field, or needs a
// feature that chapters 5 and 6 do not have.
ModelConfig read_model_config(const std::string& path);

// The fields of one of the four types in a file's rope_scaling. `trained` is the length of texts in training.
RopeScaling read_rope_scaling(const Fields& rope, const std::string& type, std::size_t trained);
