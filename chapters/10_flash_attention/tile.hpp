// A tile of queries: some rows that attend to the keys tile after tile, with online softmax. Its memory is
// the same for a text of any length. All rungs from "tiles" on are loops around this class. R = rows of the
// tile, N = keys of a tile
#pragma once
#include <cstddef>
#include <vector>

#include "common/attention_call.hpp"

namespace ch10 {

// The queries of a tile: these queries of these heads. R = n_heads * n_queries rows: all queries of the first
// head, then all of the next. The heads are one head, or whole groups that share a key head each.
struct TileQueries {
    std::size_t batch = 0;
    std::size_t first_head = 0, n_heads = 1;
    std::size_t first_query = 0, n_queries = 1;
};

// What a rung may replace: how a tile computes.
struct Methods {
    // scores = scale * queries keysᵀ, or scores += ... if `add`: (R, width), (N, width) -> (R, N). The
    // strides are the distances between rows of keys and of scores.
    void (*multiply_keys)(const float* queries, std::size_t rows, const float* keys, std::size_t key_stride,
                          std::size_t n_keys, std::size_t width, float scale, bool add, float* scores,
                          std::size_t score_stride);
    // context += weights values: (R, N), (N, width) -> (R, width)
    void (*add_values)(const float* weights, std::size_t weight_stride, std::size_t rows, const float* values,
                       std::size_t value_stride, std::size_t n_keys, std::size_t width, float* context);
    // How many keys one call of these two takes before the next key head follows, if there are several.
    std::size_t keys_in_a_call;

    // The largest of `size` scores; replaces them by exp(score - max) and returns their sum; row *= factor;
    // row += factor * other.
    float (*largest)(const float* scores, std::size_t size);
    float (*exp_and_sum)(float* scores, std::size_t size, float max);
    void (*multiply_row)(float* row, std::size_t size, float factor);
    void (*add_row)(float* row, const float* other, std::size_t size, float factor);
};
extern const Methods blas_and_library;  // BLAS, and std::exp one number at a time

// What some rows have seen of the keys: all that online softmax remembers.
struct Seen {
    std::vector<float> max;      // (R)             the largest score, -inf before the first key
    std::vector<float> sum;      // (R)             the sum of exp(score - max)
    std::vector<float> context;  // (R, value_dim)  the weighted sum of values, not yet divided by sum
};

class Tile {
  public:
    explicit Tile(const Methods& methods = blas_and_library) : methods_(&methods) {}

    // Copies the queries next to each other. No row has seen a key yet.
    void begin(const AttentionCall& call, const TileQueries& queries);

    // Attends to the keys from first_key to stop: scores, masks, and adds their values with online softmax.
    void attend(std::size_t first_key, std::size_t stop);

    // Adds what another tile of the same queries has seen of other keys.
    void merge(const Seen& other);

    [[nodiscard]] const Seen& seen() const { return seen_; }
    [[nodiscard]] std::size_t rows() const { return queries_.n_heads * queries_.n_queries; }

    // The sinks join, each row is divided by its sum, and goes to its place in output (B, T, H, value_dim).
    void write(float* output);

    [[nodiscard]] std::size_t bytes() const;

  private:
    // The head and the query of a row, counted in the whole call.
    [[nodiscard]] std::size_t head_of(std::size_t row) const {
        return queries_.first_head + row / queries_.n_queries;
    }
    [[nodiscard]] std::size_t query_of(std::size_t row) const {
        return queries_.first_query + row % queries_.n_queries;
    }

    void multiply_keys(std::size_t first_key, std::size_t stop);
    void add_values(std::size_t first_key, std::size_t stop);
    void apply_rules(std::size_t row, std::size_t first_key, std::size_t n_keys);
    void update(std::size_t row, std::size_t first_key, std::size_t n_keys);
    void raise_max(std::size_t row, float max);
    template <class Visit>
    void for_each_call(std::size_t n_keys, const Visit& visit) const;

    const Methods* methods_;
    const AttentionCall* call_ = nullptr;
    TileQueries queries_;
    std::vector<float> packed_, packed_pe_;  // (R, head_dim), (R, rope)
    std::vector<float> scores_;              // (R, N)
    Seen seen_;
};

}  // namespace ch10
