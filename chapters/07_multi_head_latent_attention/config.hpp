// The dimensions of DeepSeek's latent attention, under the names of its reference implementation.
#pragma once
#include <cstddef>

namespace ch7 {

struct Config {
    std::size_t dim;               // width of an embedding
    std::size_t n_heads;           // query heads; naive keys and values have as many
    std::size_t q_lora_rank;       // width of the queries' latent; 0: queries come straight from x
    std::size_t kv_lora_rank;      // width of the latent that all keys and values come from
    std::size_t qk_nope_head_dim;  // the part of a query or key head without position embedding
    std::size_t qk_rope_head_dim;  // the part of it that RoPE turns
    std::size_t v_head_dim;        // width of a value head
    std::size_t max_batch_size;    // how many sequences a cache holds
    std::size_t max_seq_len;       // how many tokens of each

    // The width of a query or key head, and what the softmax scale is taken from.
    [[nodiscard]] std::size_t qk_head_dim() const { return qk_nope_head_dim + qk_rope_head_dim; }
};

// Throws std::invalid_argument that names the field if a size but q_lora_rank is 0 or qk_rope_head_dim is
// odd.
void check(const Config& config);

}  // namespace ch7
