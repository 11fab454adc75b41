#include "chapters/10_flash_attention/tiled_attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ch10 {
namespace {

// Online softmax for each row of a tile.
void see_tile(TileTrace& tile, std::vector<OnlineState>& states, const Matrix& values) {
    const std::size_t rows = tile.masked.shape(0), d = values.shape(1);
    tile.m = tile.alpha = tile.l = Vector::from_shape({rows});
    tile.p = Matrix::from_shape(tile.masked.shape());
    tile.acc = Matrix::from_shape({rows, d});
    for (std::size_t i = 0; i < rows; ++i) {
        const BlockTrace block = see_block(states[i], torch::select(tile.masked, i), values);
        states[i] = block.after;
        tile.m(i) = block.m_new;
        tile.alpha(i) = block.alpha;
        tile.l(i) = block.after.l;
        xt::view(tile.p, i) = block.p;
        xt::view(tile.acc, i) = block.after.acc;
    }
}

}  // namespace

Matrix mask_tile(const Matrix& scores, std::size_t first_position, std::size_t first_key) {
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            if (first_key + j > first_position + i) masked(i, j) = -std::numeric_limits<float>::infinity();
        }
    }
    return masked;
}

const TileTrace& TiledTrace::at(std::size_t first_query, std::size_t first_key) const {
    return *std::find_if(tiles.begin(), tiles.end(), [&](const TileTrace& tile) {
        return tile.first_query == first_query && tile.first_key == first_key;
    });
}

TiledTrace tiled_attention(const Matrix& queries, const Matrix& keys, const Matrix& values, TileShape shape) {
    const std::size_t T = queries.shape(0), S = keys.shape(0), d = keys.shape(1);
    if (T > S) throw std::invalid_argument("tiled_attention: there are more queries than keys");
    const float root = std::sqrt(static_cast<float>(d));

    TiledTrace trace;
    trace.context_vec = Matrix::from_shape({T, values.shape(1)});
    for (std::size_t first_query = 0; first_query < T; first_query += shape.queries) {
        const std::size_t R = std::min(shape.queries, T - first_query), first_position = S - T + first_query;
        const Matrix rows = torch::narrow(queries, 0, first_query, R);
        std::vector<OnlineState> states(R, no_keys_yet(values.shape(1)));

        for (std::size_t first_key = 0; first_key < S; first_key += shape.keys) {
            TileTrace tile;
            tile.first_query = first_query;
            tile.first_key = first_key;
            const std::size_t N = std::min(shape.keys, S - first_key), last_position = first_position + R - 1;
            tile.skipped = first_key > last_position;
            if (!tile.skipped) {
                tile.scores = torch::matmul_transposed(rows, torch::narrow(keys, 0, first_key, N)) / root;
                tile.masked = mask_tile(tile.scores, first_position, first_key);
                see_tile(tile, states, torch::narrow(values, 0, first_key, N));
            }
            trace.tiles.push_back(tile);
        }

        // Division comes last, once for each query.
        for (std::size_t i = 0; i < R; ++i) xt::view(trace.context_vec, first_query + i) = finish(states[i]);
    }
    return trace;
}

}  // namespace ch10
