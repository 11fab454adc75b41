// What the caches store of each token: whole keys and values, or the latent that they come from.
// B = sequences in a batch, T = new tokens, S = tokens so far
#pragma once
#include <cstddef>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "common/tensor.hpp"
#include "common/view.hpp"

namespace ch7 {

// One buffer (max_batch_size, max_seq_len, ...), allocated once and filled with zeros.
template <std::size_t N>
class TokenBuffer {
  public:
    explicit TokenBuffer(const std::array<std::size_t, N>& shape);

    // Writes the rows of the new tokens (B, T, ...) to the positions from start_pos on. If they do not fit,
    // throws std::invalid_argument and writes nothing.
    void write(std::size_t start_pos, const Tensor<N>& fresh);

    // The rows of the first `batch` sequences up to position `stop`: (B, S, ...). They stay in the buffer, as
    // PyTorch's buffer[:batch, :stop].
    [[nodiscard]] View<N> read(std::size_t batch, std::size_t stop) const;

    // The whole buffer, for --save and the tests.
    [[nodiscard]] const Tensor<N>& all() const { return buffer_; }

    // How many numbers the buffer stores for one token of one sequence.
    [[nodiscard]] std::size_t per_token() const;

    // Tests fill the buffer with NaN to find a wrong read.
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

// Absorbed: one latent and one rotated k_pe, for any number of heads.
struct LatentCache {
    TokenBuffer<3> kv_cache;  // (max_batch, max_seq, c)
    TokenBuffer<3> pe_cache;  // (max_batch, max_seq, rope)

    explicit LatentCache(const Config& config);
    [[nodiscard]] std::size_t per_token() const { return kv_cache.per_token() + pe_cache.per_token(); }
};

}  // namespace ch7
