#include "chapters/10_flash_attention/split_keys.hpp"

#include <algorithm>
#include <vector>

#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace ch10 {

void split_over_threads(const AttentionCall& call, const Methods& methods, std::size_t keys_at_once,
                        float* output, std::size_t threads) {
    // All groups have the same queries, so the same keys: the parts of one group after the other.
    const std::vector<TileQueries> groups = tiles_of_groups(call, call.n_rep() * call.n_queries);
    if (groups.empty()) return;
    const AttentionCall::Range keys = keys_of(call, groups.front());
    const std::size_t parts = std::max<std::size_t>(1, (keys.stop - keys.first + part_keys - 1) / part_keys);
    std::vector<Tile> tiles(groups.size() * parts, Tile(methods));

    // Neighbours in time read neighbours in memory: the same tokens for one key head after the other.
    const blas::Threads in_blas(1);
    parallel_for(tiles.size(), threads, [&](std::size_t i, std::size_t) {
        const std::size_t group = i % groups.size(), part = i / groups.size();
        Tile& tile = tiles[group * parts + part];
        tile.begin(call, groups[group]);
        const std::size_t first = keys.first + part * part_keys;
        for_each_key_tile({first, std::min(first + part_keys, keys.stop)}, keys_at_once,
                          [&](std::size_t from, std::size_t stop) { tile.attend(from, stop); });
    });

    // The parts of a group in their order, so the additions have an order too.
    parallel_for(groups.size(), threads, [&](std::size_t group, std::size_t) {
        Tile& merged = tiles[group * parts];
        for (std::size_t part = 1; part < parts; ++part) merged.merge(tiles[group * parts + part]);
        merged.write(output);
    });
}

}  // namespace ch10
