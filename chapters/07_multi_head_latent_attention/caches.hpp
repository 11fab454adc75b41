// What is kept of each token: whole keys and values, or the latent that they come from.
// B = sequences in a batch, T = new tokens, S = tokens so far
#pragma once
#include <cstddef>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "common/tensor.hpp"

namespace ch7 {

// One buffer (max_batch_size, max_seq_len, ...), allocated once and filled with zeros.
template <std::size_t N>
class TokenBuffer {
  public:
    explicit TokenBuffer(const std::array<std::size_t, N>& shape);

    // Writes what belongs to the new tokens (B, T, ...) to the positions from start_pos on. Throws
    // std::invalid_argument if it does not fit, and then has written nothing.
    void write(std::size_t start_pos, const Tensor<N>& fresh);

    // What was written for the first `batch` sequences up to position `stop`: (B, S, ...).
    [[nodiscard]] Tensor<N> read(std::size_t batch, std::size_t stop) const;

    // The whole buffer, as --save and the tests see it.
    [[nodiscard]] const Tensor<N>& all() const { return buffer_; }

    // Numbers kept for one token of one sequence.
    [[nodiscard]] std::size_t per_token() const;

    // Tests put NaN wherever nothing may be read.
    void fill(float value) { buffer_.fill(value); }

  private:
    Tensor<N> buffer_;
};

// Naive: every head's keys and values, as in chapter 5.
struct NaiveCache {
    TokenBuffer<4> k_cache;  // (max_batch, max_seq, H, nope + rope)
    TokenBuffer<4> v_cache;  // (max_batch, max_seq, H, v)

    explicit NaiveCache(const Config& config);
    [[nodiscard]] std::size_t per_token() const { return k_cache.per_token() + v_cache.per_token(); }
};

// Absorbed: one latent and one turned k_pe, whatever the number of heads.
struct LatentCache {
    TokenBuffer<3> kv_cache;  // (max_batch, max_seq, c)
    TokenBuffer<3> pe_cache;  // (max_batch, max_seq, rope)

    explicit LatentCache(const Config& config);
    [[nodiscard]] std::size_t per_token() const { return kv_cache.per_token() + pe_cache.per_token(); }
};

}  // namespace ch7
