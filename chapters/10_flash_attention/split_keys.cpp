#include "chapters/10_flash_attention/split_keys.hpp"

#include <algorithm>
#include <vector>

#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace ch10 {
namespace {

// A part has at least 512 keys, and more if there are more than 32 parts otherwise.
std::size_t keys_of_a_part(std::size_t n_keys) {
    constexpr std::size_t most_parts = 32, least_keys = 512;
    return std::max(least_keys, (n_keys + most_parts - 1) / most_parts);
}

// One unit of work: a tile of queries with a part of its keys, and what it has seen.
struct Part {
    std::size_t tile;
    AttentionCall::Range keys;
    Seen seen;
};

}  // namespace

void split_over_threads(const AttentionCall& call, const Methods& methods, std::size_t keys_at_once,
                        float* output, std::size_t threads) {
    const std::vector<TileQueries> tiles = tiles_of_all_heads(call, tile_rows);
    std::vector<Part> parts;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const AttentionCall::Range keys = keys_of(call, tiles[i]);
        for_each_key_tile(keys, keys_of_a_part(keys.stop - keys.first),
                          [&](std::size_t first, std::size_t stop) {
                              parts.push_back({i, {first, stop}, {}});
                          });
    }

    const blas::Threads in_blas(1);
    std::vector<Tile> scratch(threads, Tile(methods));
    parallel_for(parts.size(), threads, [&](std::size_t i, std::size_t thread) {
        Tile& tile = scratch[thread];
        tile.begin(call, tiles[parts[i].tile]);
        attend_in_tiles(tile, parts[i].keys, keys_at_once);
        parts[i].seen = tile.seen();
    });

    // The parts of a tile are merged in the order of their keys.
    parallel_for(tiles.size(), threads, [&](std::size_t i, std::size_t thread) {
        Tile& merged = scratch[thread];
        merged.begin(call, tiles[i]);
        for (const Part& part : parts)
            if (part.tile == i) merged.merge(part.seen);
        merged.write(output);
    });
}

std::size_t number_of_parts(std::size_t n_keys) {
    const std::size_t size = keys_of_a_part(n_keys);
    return (n_keys + size - 1) / size;
}

}  // namespace ch10
