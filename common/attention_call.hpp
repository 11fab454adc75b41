// One call of attention as memory: where queries, keys and values are, and which rules their scores follow.
// An engine computes the result from it without the lesson's intermediate tensors.
// B = sequences in a batch, T = queries, S = keys, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>
#include <vector>

#include "common/view.hpp"

// Keys that all heads share, (B, S, width), as those of a single key head: (B, S, 1, width).
View4 one_head(const Tensor3& keys);

// A number that is added to a score, for each head and each distance from the query to the key: ALiBi, or
// T5's learned bias. The number for (head, key - query) is values[head * distances + (key - query) - lowest].
struct BiasByDistance {
    std::vector<float> values;  // (H, distances); empty: there is none
    std::size_t distances = 0;
    std::ptrdiff_t lowest = 0;
};

struct AttentionCall {
    // Sizes. Query head h attends to key head h / (H / H_kv).
    std::size_t batch = 0, n_queries = 0, n_keys = 0, n_heads = 0, n_kv_heads = 0;

    View4 queries = {};  // (B, T, H, head_dim)
    View4 keys = {};     // (B, S, H_kv, head_dim)
    View4 values = {};   // (B, S, H_kv, value_dim)
    // A second part of queries and keys, whose products are added: the positions of latent attention.
    View4 queries_pe = {}, keys_pe = {};

    // score = scale * (q . k), then the soft cap, then the bias.
    float scale = 1.0f;
    float soft_cap = 0.0f;  // 0: none
    BiasByDistance bias = {};
    const float* sinks = nullptr;  // (H) or none: a score for each head that belongs to no key

    // Which keys a query sees. Query i is at position start_pos + i, key j at first_key + j.
    std::size_t start_pos = 0, first_key = 0;
    bool causal = true;
    std::size_t window = 0;         // the newest so many keys, the query's own included; 0: none
    std::size_t chunk = 0;          // the keys of the query's own chunk; 0: none
    const bool* is_text = nullptr;  // (B, S) or none: false for padding

    // The sizes that follow.
    [[nodiscard]] std::size_t n_rep() const { return n_heads / n_kv_heads; }
    [[nodiscard]] std::size_t value_dim() const { return values.shape(3); }

    // The keys that query i sees, as indices: from `first` to `stop`, without `stop`. Padding is not counted
    // out.
    struct Range {
        std::size_t first, stop;
    };
    [[nodiscard]] Range visible(std::size_t query) const;
};

// Computes attention and writes (B, T, H, value_dim). A query that sees no key gets zeros, as in the lesson.
using AttentionEngine = void (*)(const AttentionCall& call, float* output);

// Throws std::invalid_argument if sizes do not fit together.
void check(const AttentionCall& call);
