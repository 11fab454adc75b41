// One call of attention as memory: where queries, keys and values are, and which rules their scores follow.
// An engine computes the result from it without the lesson's intermediate tensors.
// B = sequences in a batch, T = queries, S = keys, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>
#include <vector>

#include "common/tensor.hpp"

// A tensor (B, rows, heads, width) in memory that another object owns. The numbers of one head of one row are
// next to each other; all other distances are strides, in floats.
struct HeadsInMemory {
    const float* data = nullptr;
    std::size_t batch_stride = 0, row_stride = 0, head_stride = 0;
    std::size_t width = 0;  // 0: there is no such tensor

    [[nodiscard]] const float* at(std::size_t batch, std::size_t row, std::size_t head) const {
        return data + batch * batch_stride + row * row_stride + head * head_stride;
    }
};

// A tensor (B, rows, heads, width), or one of its axes 3, where it is. The tensor must outlive the result.
HeadsInMemory in_memory(const Tensor4& x);
// (B, rows, width): all heads share each row.
HeadsInMemory in_memory(const Tensor3& x);
// `length` columns of each head, from `start` on.
HeadsInMemory columns(const HeadsInMemory& x, std::size_t start, std::size_t length);

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

    HeadsInMemory queries = {};  // (B, T, H, head_dim)
    HeadsInMemory keys = {};     // (B, S, H_kv, head_dim)
    HeadsInMemory values = {};   // (B, S, H_kv, value_dim)
    // A second part of queries and keys, whose products are added: the positions of latent attention.
    HeadsInMemory queries_pe = {}, keys_pe = {};

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
    [[nodiscard]] std::size_t value_dim() const { return values.width; }

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
