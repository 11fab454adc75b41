// How large the tiles are. The queries, scores and weighted sums of a tile, and the keys and values that it
// meets, are 770 KiB for heads of 128: they fit into a second cache of 1 MiB. Where it has 512 KiB, part of
// them is in the next cache.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "chapters/10_flash_attention/tile.hpp"

namespace ch10 {

constexpr std::size_t tile_queries = 64;  // of one head
constexpr std::size_t tile_rows = 256;    // of all heads of a group together
constexpr std::size_t tile_keys = 256;

// Calls attend(first, stop) for each tile of the keys in a range.
template <class Attend>
void for_each_key_tile(const AttentionCall::Range& keys, std::size_t size, const Attend& attend) {
    for (std::size_t first = keys.first; first < keys.stop; first += size)
        attend(first, std::min(first + size, keys.stop));
}

// The tile attends to these keys, `size` at a time.
inline void attend_in_tiles(Tile& tile, const AttentionCall::Range& keys, std::size_t size) {
    for_each_key_tile(keys, size, [&](std::size_t first, std::size_t stop) { tile.attend(first, stop); });
}

// The keys that any query of the tile sees. Ranges only move forward, so the first and the last query
// suffice.
inline AttentionCall::Range keys_of(const AttentionCall& call, const TileQueries& queries) {
    return {call.visible(queries.first_query).first,
            call.visible(queries.first_query + queries.n_queries - 1).stop};
}

// All tiles: of `size` queries of one head each, or of at most `rows` rows of a whole group or of all heads.
std::vector<TileQueries> tiles_of_heads(const AttentionCall& call, std::size_t size);
std::vector<TileQueries> tiles_of_groups(const AttentionCall& call, std::size_t rows);
std::vector<TileQueries> tiles_of_all_heads(const AttentionCall& call, std::size_t rows);

}  // namespace ch10
