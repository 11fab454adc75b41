// A tile of queries: some rows that attend to the keys tile after tile, with online softmax. Its memory is
// the same for a text of any length. All rungs from "tiles" on are loops around this class. R = rows of the
// tile, N = keys of a tile
#pragma once
#include <cstddef>
#include <vector>

#include "common/attention_call.hpp"

namespace ch10 {

// The queries of a tile: these queries of these heads, which share one key head. R = n_heads * n_queries
// rows: all queries of the first head, then all of the next.
struct TileQueries {
    std::size_t batch = 0, kv_head = 0;
    std::size_t first_head = 0, n_heads = 1;
    std::size_t first_query = 0, n_queries = 1;
};

// What a rung may replace: how a tile computes. scores (R, N) have n_keys floats a row.
struct Methods {
    // scores = scale * queries keysᵀ, or scores += ... if `add`
    void (*multiply_keys)(const float* queries, std::size_t rows, const float* keys, std::size_t key_stride,
                          std::size_t n_keys, std::size_t width, float scale, bool add, float* scores);
    // context += weights values
    void (*add_values)(const float* weights, std::size_t rows, const float* values, std::size_t value_stride,
                       std::size_t n_keys, std::size_t width, float* context);
    // The largest of `size` scores; replaces them by exp(score - max) and returns their sum; row *= factor.
    float (*largest)(const float* scores, std::size_t size);
    float (*exp_and_sum)(float* scores, std::size_t size, float max);
    void (*multiply_row)(float* row, std::size_t size, float factor);
};
extern const Methods blas_and_library;  // BLAS, and std::exp one number at a time

class Tile {
  public:
    explicit Tile(const Methods& methods = blas_and_library) : methods_(&methods) {}

    // Copies the queries next to each other. No row has seen a key yet.
    void begin(const AttentionCall& call, const TileQueries& queries);

    // Attends to the keys from first_key to stop: scores, masks, and adds their values with online softmax.
    void attend(std::size_t first_key, std::size_t stop);

    // Adds what `other` has seen: the same queries, other keys.
    void merge(const Tile& other);

    // The largest score and the sum of exp(score - largest), for each row.
    [[nodiscard]] const std::vector<float>& max() const { return max_; }
    [[nodiscard]] const std::vector<float>& sum() const { return sum_; }
    // (R, value_dim): the weighted sum of values, not yet divided by sum().
    [[nodiscard]] const std::vector<float>& context() const { return context_; }
    [[nodiscard]] std::size_t rows() const { return queries_.n_heads * queries_.n_queries; }

    // The sinks join, each row is divided by its sum, and goes to its place in output (B, T, H, value_dim).
    void write(float* output);

    [[nodiscard]] std::size_t bytes() const;

  private:
    void apply_rules(std::size_t row, std::size_t first_key, std::size_t n_keys);
    void update(std::size_t row, std::size_t first_key, std::size_t n_keys);
    void raise_max(std::size_t row, float max);

    const Methods* methods_;
    const AttentionCall* call_ = nullptr;
    TileQueries queries_;
    std::vector<float> packed_, packed_pe_;   // (R, head_dim), (R, rope)
    std::vector<float> scores_;               // (R, N)
    std::vector<float> max_, sum_, context_;  // (R), (R), (R, value_dim)
};

}  // namespace ch10
