// A KV cache that keeps what later queries can still see: the whole text, the newest tokens of a window, or
// the present chunk. The rows are a ring: token p has row p % rows and replaces the token that had it before.
// The position of a token is counted apart from the rows, so it survives when old rows are replaced.
// B = sequences in a batch, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/kv_cache.hpp"
#include "chapters/09_every_model/recipe.hpp"
#include "common/tensor.hpp"

namespace ch9 {

class Cache {
  public:
    // For `batch` sequences of at most `tokens` tokens.
    Cache(const Recipe& recipe, std::size_t batch, std::size_t tokens);

    // Stores the keys and values (B, T, H_kv, head_dim) of the tokens at positions from start_pos on. Throws
    // std::invalid_argument if start_pos is not the number of tokens stored so far, or if they do not fit.
    void write(std::size_t start_pos, const Tensor4& k, const Tensor4& v);

    // The keys or values at positions first to tokens() - 1, in the order of the text: (B, n, H_kv,
    // head_dim). Throws std::invalid_argument if the first of them was replaced.
    [[nodiscard]] Tensor4 keys(std::size_t first) const { return in_order(buffer_.cache_k(), first); }
    [[nodiscard]] Tensor4 values(std::size_t first) const { return in_order(buffer_.cache_v(), first); }

    [[nodiscard]] std::size_t tokens() const { return tokens_; }  // stored so far, replaced ones included
    [[nodiscard]] std::size_t rows() const { return buffer_.cache_k().shape(1); }
    [[nodiscard]] std::size_t bytes() const;  // of both buffers

    // The buffers, for --save and the tests.
    [[nodiscard]] const ch5::KVCache& buffer() const { return buffer_; }

  private:
    [[nodiscard]] Tensor4 in_order(const Tensor4& buffer, std::size_t first) const;

    ch5::KVCache buffer_;
    std::size_t longest_, tokens_ = 0;
};

// The rows that a text of so many tokens needs: all, or those of a window or chunk.
std::size_t cache_rows(const Mask& mask, std::size_t tokens);

// The bytes of keys and values of one sequence, in float32. Counted from a buffer.
std::size_t cache_bytes(const Recipe& recipe, std::size_t tokens);

}  // namespace ch9
