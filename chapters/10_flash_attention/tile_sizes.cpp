#include "chapters/10_flash_attention/tile_sizes.hpp"

namespace ch10 {
namespace {

std::vector<TileQueries> tiles(const AttentionCall& call, std::size_t n_heads, std::size_t size) {
    std::vector<TileQueries> tiles;
    for (std::size_t b = 0; b < call.batch; ++b) {
        for (std::size_t h = 0; h < call.n_heads; h += n_heads) {
            for (std::size_t i = 0; i < call.n_queries; i += size)
                tiles.push_back({b, h, n_heads, i, std::min(size, call.n_queries - i)});
        }
    }
    return tiles;
}

}  // namespace

std::vector<TileQueries> tiles_of_heads(const AttentionCall& call, std::size_t size) {
    return tiles(call, 1, size);
}

std::vector<TileQueries> tiles_of_groups(const AttentionCall& call, std::size_t rows) {
    return tiles(call, call.n_rep(), std::max<std::size_t>(1, rows / call.n_rep()));
}

std::vector<TileQueries> tiles_of_all_heads(const AttentionCall& call, std::size_t rows) {
    return tiles(call, call.n_heads, std::max<std::size_t>(1, rows / call.n_heads));
}

}  // namespace ch10
