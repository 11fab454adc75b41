// The dimensions of a Llama attention layer, under the names of its reference implementation.
#pragma once
#include <cstddef>
#include <optional>

namespace ch5 {

struct Config {
    std::size_t dim;                        // width of an embedding
    std::size_t n_heads;                    // query heads
    std::optional<std::size_t> n_kv_heads;  // key and value heads; if absent, as many as query heads
    std::size_t head_dim;                   // width of one head
    std::size_t max_batch_size;             // the number of sequences in the cache
    std::size_t max_seq_len;                // the number of tokens of each sequence

    [[nodiscard]] std::size_t kv_heads() const { return n_kv_heads.value_or(n_heads); }

    // How many query heads share one key head: 1 is multi-head attention, n_heads is multi-query, a number
    // between is grouped-query.
    [[nodiscard]] std::size_t n_rep() const { return n_heads / kv_heads(); }
};

// Throws std::invalid_argument that names the field if a size is 0 or n_kv_heads does not divide n_heads.
void check(const Config& config);

}  // namespace ch5
