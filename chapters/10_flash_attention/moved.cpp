#include "chapters/10_flash_attention/moved.hpp"

#include "chapters/10_flash_attention/tile_sizes.hpp"

namespace ch10::moved {
namespace {

double bytes(std::initializer_list<std::size_t> factors) {
    double product = sizeof(float);
    for (const std::size_t factor : factors) product *= static_cast<double>(factor);
    return product;
}

std::size_t widths(const AttentionCall& call) {
    return call.keys.shape(3) + call.keys_pe.shape(3) + call.value_dim();
}

double queries_and_outputs(const AttentionCall& call) {
    return bytes({call.batch, call.n_queries, call.n_heads, widths(call)});
}

// A matrix (T, S) for each head.
double matrices(const AttentionCall& call) {
    return bytes({call.batch, call.n_heads, call.n_queries, call.n_keys});
}

// Keys and values of `tiles`, each time that a tile reads them.
double keys_of_tiles(const AttentionCall& call, const std::vector<TileQueries>& tiles, bool only_visible) {
    double total = 0;
    for (const TileQueries& tile : tiles) {
        const AttentionCall::Range keys = keys_of(call, tile);
        total += bytes({only_visible ? keys.stop - keys.first : call.n_keys, widths(call)});
    }
    return total;
}

}  // namespace

double by_lesson(const AttentionCall& call) {
    const double stored = bytes({call.batch, call.n_keys, call.n_kv_heads, widths(call)}),
                 repeated = bytes({call.batch, call.n_keys, call.n_heads, widths(call)});
    // Out of the cache: read and written. Repeated: read and written. Read by the two products.
    const double keys = 2 * stored + stored + repeated + repeated;
    // Scores, masked, scaled and weights: each is written once and read once.
    return queries_and_outputs(call) + keys + 8 * matrices(call);
}

double by_whole_rows(const AttentionCall& call) {
    // The scores are written, become weights in place, and are read.
    return queries_and_outputs(call) + 4 * matrices(call) +
           keys_of_tiles(call, tiles_of_heads(call, call.n_queries), false);
}

double by_all_tiles(const AttentionCall& call) {
    return queries_and_outputs(call) + keys_of_tiles(call, tiles_of_heads(call, tile_queries), false);
}

double by_visible_tiles(const AttentionCall& call) {
    return queries_and_outputs(call) + keys_of_tiles(call, tiles_of_heads(call, tile_queries), true);
}

double by_groups(const AttentionCall& call) {
    return queries_and_outputs(call) + keys_of_tiles(call, tiles_of_groups(call, tile_rows), true);
}

double by_whole_groups(const AttentionCall& call) {
    return queries_and_outputs(call) + 4 * matrices(call) +
           keys_of_tiles(call, tiles_of_groups(call, call.n_rep() * call.n_queries), true);
}

}  // namespace ch10::moved
