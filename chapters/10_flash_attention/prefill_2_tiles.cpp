// Rung 2 of prefill: tiles with online softmax. 64 queries meet 256 keys at a time, and no matrix is larger
// than such a tile. So the memory is the same for a text of any length, and scores stay in the cache between
// the two products. Left: half of the tiles are masked entirely, and are computed for nothing.
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"

namespace ch10 {

void prefill_tiles(const AttentionCall& call, float* output, std::size_t) {
    const blas::Threads in_blas(1);
    Tile tile;
    for (const TileQueries& queries : tiles_of_heads(call, tile_queries)) {
        tile.begin(call, queries);
        attend_in_tiles(tile, {0, call.n_keys}, tile_keys);
        tile.write(output);
    }
}

}  // namespace ch10
