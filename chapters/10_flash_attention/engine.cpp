#include "chapters/10_flash_attention/engine.hpp"

#include <algorithm>

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/parallel.hpp"

namespace ch10 {
namespace {

// For a few rows a key our own products are faster, for more BLAS is.
bool has_few_rows(const AttentionCall& call) {
    constexpr std::size_t few_rows = 32;
    return call.n_rep() * call.n_queries <= few_rows;
}

// Threads take tiles of queries, or parts of the keys if there are too few tiles.
bool has_few_tiles(const AttentionCall& call) {
    constexpr std::size_t enough_tiles = 16;
    return tiles_of_groups(call, tile_rows).size() < enough_tiles;
}

}  // namespace

void flash_attention(const AttentionCall& call, float* output) {
    check(call);
    const std::size_t threads = default_threads();
    if (has_few_rows(call)) {
        const bool is_latent = call.keys_pe.shape(3) > 0;
        return is_latent ? decode_latent(call, output, threads) : decode_kernel(call, output, threads);
    }
    if (!has_few_tiles(call)) return prefill_vectors(call, output, threads);
    split_over_threads(call, blas_and_vectors, tile_keys, output, threads);
}

std::size_t scratch_bytes(const AttentionCall& call) {
    const bool is_split = has_few_rows(call) || has_few_tiles(call);
    const std::vector<TileQueries> tiles =
        is_split ? tiles_of_all_heads(call, tile_rows) : tiles_of_groups(call, tile_rows);
    if (tiles.empty()) return 0;

    // A tile for each thread; and what each part has seen, if the keys are split.
    const std::size_t rows = tiles.front().n_heads * tiles.front().n_queries,
                      seen = rows * (call.value_dim() + 2);
    const std::size_t tile =
        rows * (call.queries.shape(3) + call.queries_pe.shape(3) + std::min(tile_keys, call.n_keys));
    const std::size_t parts = is_split ? tiles.size() * number_of_parts(call.n_keys) : 0;
    return (default_threads() * (tile + seen) + parts * seen) * sizeof(float);
}

}  // namespace ch10
