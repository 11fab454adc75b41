#include "ring.hpp"

#include <algorithm>

// Writes the keys (B, T, H_kv, head_dim) of the next T tokens into the ring. The row of the token at
// position p is p % rows.
void write_keys(Ring& ring, const Tensor4& new_keys) {
    const std::size_t rows = ring.keys.shape(1), tokens = new_keys.shape(1);
    for (std::size_t t = 0; t < tokens; ++t) {
        const std::size_t row = (ring.tokens + t) % rows;
        for (std::size_t b = 0; b < new_keys.shape(0); ++b) {
            for (std::size_t h = 0; h < new_keys.shape(2); ++h) {
                for (std::size_t d = 0; d < new_keys.shape(3); ++d) {
                    ring.keys(b, row, h, d) = new_keys(b, t, h, d);
                }
            }
        }
    }
    ring.tokens += tokens;
}

// The position of the next token. Positions count from 0.
std::size_t next_position(const Ring& ring) {
    return ring.tokens;
}

// The keys in the ring, in the order of the text, the oldest first: (B, n, H_kv, head_dim). n is the number
// of rows, or the number of tokens if fewer have come.
Tensor4 read_keys(const Ring& ring) {
    const std::size_t rows = ring.keys.shape(1), n = std::min(ring.tokens, rows);
    Tensor4 keys = xt::zeros<float>({ring.keys.shape(0), n, ring.keys.shape(2), ring.keys.shape(3)});
    for (std::size_t s = 0; s < n; ++s) {
        const std::size_t row = (ring.tokens - n + s) % rows;
        for (std::size_t b = 0; b < keys.shape(0); ++b) {
            for (std::size_t h = 0; h < keys.shape(2); ++h) {
                for (std::size_t d = 0; d < keys.shape(3); ++d) keys(b, s, h, d) = ring.keys(b, row, h, d);
            }
        }
    }
    return keys;
}
