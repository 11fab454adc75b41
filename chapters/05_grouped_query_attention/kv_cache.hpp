// The KV cache: keys and values of all tokens so far, so that each is computed once.
// B = sequences in a batch, T = new tokens, S = tokens so far, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/config.hpp"
#include "common/tensor.hpp"

namespace ch5 {

class KVCache {
  public:
    // Two buffers of (max_batch_size, max_seq_len, H_kv, head_dim), allocated once and filled with zeros.
    explicit KVCache(const Config& config);

    // Writes the new keys and values (B, T, H_kv, head_dim) to the positions from start_pos on. Throws
    // std::invalid_argument if they do not fit, and then has written nothing.
    void write(std::size_t start_pos, const Tensor4& xk, const Tensor4& xv);

    // What was written for the first `batch` sequences up to position `stop`: (B, S, H_kv, head_dim).
    [[nodiscard]] Tensor4 keys(std::size_t batch, std::size_t stop) const;
    [[nodiscard]] Tensor4 values(std::size_t batch, std::size_t stop) const;

    // The whole buffers, as --save and the tests see them.
    [[nodiscard]] const Tensor4& cache_k() const { return cache_k_; }
    [[nodiscard]] const Tensor4& cache_v() const { return cache_v_; }

    // Counted from the buffers: keys and values of one token of one sequence.
    [[nodiscard]] std::size_t bytes_per_token() const;

    // Fills all with `value`: tests put NaN wherever nothing may be read.
    void fill(float value);

  private:
    Tensor4 cache_k_, cache_v_;
};

}  // namespace ch5
