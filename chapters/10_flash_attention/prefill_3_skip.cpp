// Rung 3 of prefill: masked tiles are skipped. The keys that a query sees lie between two positions, so a
// tile of queries begins at the first key that one of them sees and ends at the last. A causal mask leaves
// half of the work, a window far less. Left: the query heads of a group read the same keys one after the
// other.
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"

namespace ch10 {

void prefill_skip(const AttentionCall& call, float* output, std::size_t) {
    const blas::Threads in_blas(1);
    Tile tile;
    for (const TileQueries& queries : tiles_of_heads(call, tile_queries)) {
        tile.begin(call, queries);
        attend_in_tiles(tile, keys_of(call, queries), tile_keys);  // new: not all keys
        tile.write(output);
    }
}

}  // namespace ch10
