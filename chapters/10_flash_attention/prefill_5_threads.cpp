// Rung 5 of prefill: threads over tiles. Each thread takes the next tile of queries and has its own memory
// for it, and BLAS works with a single thread inside. Threads wait only once, at the end. The longest tiles
// come first, so that all threads finish at about the same time. Left: std::exp, one number at a time.
#include <algorithm>
#include <vector>

#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/prefill_tiles_in_threads.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace ch10 {

void tiles_in_threads(const AttentionCall& call, const Methods& methods, float* output, std::size_t threads) {
    std::vector<TileQueries> all = tiles_of_groups(call, tile_rows);
    const auto n_keys = [&](const TileQueries& queries) {
        const AttentionCall::Range keys = keys_of(call, queries);
        return keys.stop - keys.first;
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const TileQueries& a, const TileQueries& b) { return n_keys(a) > n_keys(b); });

    const blas::Threads in_blas(1);
    std::vector<Tile> tiles(threads, Tile(methods));
    parallel_for(all.size(), threads, [&](std::size_t i, std::size_t thread) {
        Tile& tile = tiles[thread];
        tile.begin(call, all[i]);
        attend_in_tiles(tile, keys_of(call, all[i]), tile_keys);
        tile.write(output);
    });
}

void prefill_threads(const AttentionCall& call, float* output, std::size_t threads) {
    tiles_in_threads(call, blas_and_library, output, threads);
}

}  // namespace ch10
