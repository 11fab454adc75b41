// Counts: what a tile holds in the cache, and how many bytes attention moves with and without tiles.
// T = queries and keys, R = queries of a tile, N = keys of a tile, d = width of a head
#pragma once
#include <cstddef>

#include "chapters/10_flash_attention/tiled_attention.hpp"

namespace ch10 {

// In bytes of float32.
struct TileBytes {
    std::size_t queries;       // R d
    std::size_t keys, values;  // N d
    std::size_t scores;        // R N, which become p in place
    std::size_t m_and_l;       // 2 R
    std::size_t acc;           // R d
    [[nodiscard]] std::size_t total() const { return queries + keys + values + scores + m_and_l + acc; }
};
TileBytes bytes_of_a_tile(TileShape shape, std::size_t d);

// How many tiles of a causal text of T tokens are computed, and how many of these need the mask.
struct TileCounts {
    std::size_t all, computed, masked;
};
TileCounts count_tiles(std::size_t T, TileShape shape);

// Bytes that one head of a causal text reads and writes outside the tile or matrix in work.
struct Moved {
    std::size_t matrices;  // the scores, masked scores and weights (T, T): each is written and read once
    std::size_t keys;      // keys and values, once for each tile that is computed
    std::size_t queries;   // queries and context vectors, once
};
Moved moved_by_plain_attention(std::size_t T, std::size_t d);
Moved moved_by_tiles(std::size_t T, TileShape shape, std::size_t d);

}  // namespace ch10
