// Causal attention of one head in tiles: some queries meet some keys at a time. Each row of a tile is one
// online softmax. The matrix of all scores (T, S) never exists.
// T = queries, S = keys, d = width of a head, R = queries of a tile, N = keys of a tile
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/10_flash_attention/online_softmax.hpp"
#include "common/tensor.hpp"

namespace ch10 {

struct TileShape {
    std::size_t queries, keys;  // R, N; the last tile of a row or column may be smaller
};

// One tile, and what its queries know after it.
struct TileTrace {
    std::size_t first_query, first_key;
    bool skipped = false;  // every key is later than every query: nothing is computed, what follows is empty
    Matrix scores;         // (R, N)  queries @ keys.T / sqrt(d)
    Matrix masked;         // (R, N)  -inf where the key is later than the query
    Vector m;              // (R)     the largest score of each row so far
    Vector alpha;          // (R)     the correction of each row
    Matrix p;              // (R, N)  exp(masked - m)
    Vector l;              // (R)     the sum of each row so far
    Matrix acc;            // (R, d)  the weighted sum of values so far, not yet divided by l
};

struct TiledTrace {
    std::vector<TileTrace> tiles;  // for each tile of queries, all tiles of keys
    Matrix context_vec;            // (T, d)

    // The tile that starts at this query and this key.
    [[nodiscard]] const TileTrace& at(std::size_t first_query, std::size_t first_key) const;
};

// -inf where the key's position is after the query's. Both positions count from the start of the text, not
// from the start of the tile. (R, N) -> (R, N)
Matrix mask_tile(const Matrix& scores, std::size_t first_position, std::size_t first_key);

// queries (T, d), keys (S, d), values (S, d). The queries are the last T of S tokens: query i is at position
// S - T + i and sees the keys up to this position.
TiledTrace tiled_attention(const Matrix& queries, const Matrix& keys, const Matrix& values, TileShape shape);

}  // namespace ch10
