#include "chapters/10_flash_attention/tile_memory.hpp"

#include <algorithm>

namespace ch10 {

TileBytes bytes_of_a_tile(TileShape shape, std::size_t d) {
    const std::size_t R = shape.queries, N = shape.keys;
    return {.queries = R * d * sizeof(float),
            .keys = N * d * sizeof(float),
            .values = N * d * sizeof(float),
            .scores = R * N * sizeof(float),
            .m_and_l = 2 * R * sizeof(float),
            .acc = R * d * sizeof(float)};
}

TileCounts count_tiles(std::size_t T, TileShape shape) {
    TileCounts counts{};
    for (std::size_t first_query = 0; first_query < T; first_query += shape.queries) {
        const std::size_t last_query = std::min(first_query + shape.queries, T) - 1;
        for (std::size_t first_key = 0; first_key < T; first_key += shape.keys) {
            const std::size_t last_key = std::min(first_key + shape.keys, T) - 1;
            ++counts.all;
            if (first_key <= last_query) ++counts.computed;
            if (first_key <= last_query && last_key > first_query) ++counts.masked;
        }
    }
    return counts;
}

Moved moved_by_plain_attention(std::size_t T, std::size_t d) {
    const std::size_t row = d * sizeof(float);
    return {.matrices = 3 * 2 * T * T * sizeof(float), .keys = 2 * T * row, .queries = 2 * T * row};
}

Moved moved_by_tiles(std::size_t T, TileShape shape, std::size_t d) {
    const std::size_t row = d * sizeof(float);
    return {
        .matrices = 0, .keys = count_tiles(T, shape).computed * 2 * shape.keys * row, .queries = 2 * T * row};
}

}  // namespace ch10
