// The dimensions of DeepSeek's latent attention, under the names of its reference implementation.
#pragma once
#include <cstddef>

namespace ch7 {

struct Config {
    std::size_t dim;               // width of an embedding
    std::size_t n_heads;           // query heads; the naive form has as many key and value heads
    std::size_t q_lora_rank;       // width of the queries' latent; 0: queries come directly from x
    std::size_t kv_lora_rank;      // width of the latent that all keys and values come from
    std::size_t qk_nope_head_dim;  // the part of a query or key head without position
    std::size_t qk_rope_head_dim;  // the part of it that RoPE rotates
    std::size_t v_head_dim;        // width of a value head
    std::size_t max_batch_size;    // the number of sequences in a cache
    std::size_t max_seq_len;       // the number of tokens of each sequence

    // The width of a query or key head. The softmax scale uses this width.
    [[nodiscard]] std::size_t qk_head_dim() const { return qk_nope_head_dim + qk_rope_head_dim; }
};

// Throws std::invalid_argument that names the field if a size is 0 (q_lora_rank may be 0) or qk_rope_head_dim
// is odd.
void check(const Config& config);

}  // namespace ch7
