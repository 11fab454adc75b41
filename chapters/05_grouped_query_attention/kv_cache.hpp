// The KV cache: stores the keys and values of all tokens so far, so that each is computed once.
// B = sequences in a batch, T = new tokens, S = tokens so far, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/config.hpp"
#include "common/tensor.hpp"
#include "common/view.hpp"

namespace ch5 {

class KVCache {
  public:
    // Two buffers of (max_batch_size, max_seq_len, H_kv, head_dim), allocated once and filled with zeros.
    explicit KVCache(const Config& config);

    // Writes the new keys and values (B, T, H_kv, head_dim) to the positions from start_pos on. If they do
    // not fit, throws std::invalid_argument and writes nothing.
    void write(std::size_t start_pos, const Tensor4& xk, const Tensor4& xv);

    // The keys or values of the first `batch` sequences up to position `stop`: (B, S, H_kv, head_dim). They
    // stay in the cache, as PyTorch's cache_k[:batch, :stop].
    [[nodiscard]] View4 keys(std::size_t batch, std::size_t stop) const;
    [[nodiscard]] View4 values(std::size_t batch, std::size_t stop) const;

    // The whole buffers, for --save and the tests.
    [[nodiscard]] const Tensor4& cache_k() const { return cache_k_; }
    [[nodiscard]] const Tensor4& cache_v() const { return cache_v_; }

    // The bytes of the keys and values of one token of one sequence, counted from the buffers.
    [[nodiscard]] std::size_t bytes_per_token() const;

    // Fills both buffers with `value`. Tests fill them with NaN to find a wrong read.
    void fill(float value);

  private:
    Tensor4 cache_k_, cache_v_;
};

}  // namespace ch5
