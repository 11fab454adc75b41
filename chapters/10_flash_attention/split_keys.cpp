#include "chapters/10_flash_attention/split_keys.hpp"

#include <algorithm>
#include <vector>

#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace ch10 {
namespace {

// The keys of some queries in 1 to 64 parts, of at least 256 keys but the last.
std::vector<AttentionCall::Range> parts_of(const AttentionCall::Range& keys) {
    constexpr std::size_t most_parts = 64, least_keys = 256;
    const std::size_t size = std::max(least_keys, (keys.stop - keys.first + most_parts - 1) / most_parts);
    std::vector<AttentionCall::Range> parts;
    for_each_key_tile(keys, size, [&](std::size_t first, std::size_t stop) {
        parts.push_back({first, stop});
    });
    return parts;
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
        for (const AttentionCall::Range& keys : parts_of(keys_of(call, tiles[i])))
            parts.push_back({i, keys, {}});
    }

    const blas::Threads in_blas(1);
    std::vector<Tile> scratch(threads, Tile(methods));
    parallel_for(parts.size(), threads, [&](std::size_t i, std::size_t thread) {
        Tile& tile = scratch[thread];
        tile.begin(call, tiles[parts[i].tile]);
        for_each_key_tile(parts[i].keys, keys_at_once,
                          [&](std::size_t first, std::size_t stop) { tile.attend(first, stop); });
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

}  // namespace ch10
