// Rung 4 of prefill: all heads of a group in one product. The query heads that share a key head become rows
// of one matrix, so a tile of keys is read once for all of them, and BLAS gets larger products. Left: a
// single thread. BLAS could split each product over threads, but they would wait for each other after every
// tile.
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"

namespace ch10 {

void prefill_groups(const AttentionCall& call, float* output, std::size_t) {
    const blas::Threads in_blas(1);
    Tile tile;
    for (const TileQueries& queries : tiles_of_groups(call, tile_rows)) {  // new: groups of heads
        tile.begin(call, queries);
        attend_in_tiles(tile, keys_of(call, queries), tile_keys);
        tile.write(output);
    }
}

}  // namespace ch10
