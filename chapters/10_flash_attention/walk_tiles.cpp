// Section 10.3: queries and keys in tiles, and what is in the cache when.
#include <algorithm>

#include "chapters/10_flash_attention/tile_memory.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "chapters/10_flash_attention/tiled_attention.hpp"
#include "chapters/10_flash_attention/walk.hpp"

namespace ch10 {
namespace {

constexpr TileShape small{.queries = 2, .keys = 2};

void the_order_of_tiles(Walkthrough& walk, const TiledTrace& tiled) {
    Rows rows;
    std::size_t number = 0;
    for (const TileTrace& tile : tiled.tiles) {
        if (tile.first_key == 0) rows.push_back({range_of(tile.first_query, small.queries)});
        const bool on_diagonal = tile.first_query == tile.first_key;
        rows.back().push_back(tile.skipped ? "skipped"
                                           : fmt::format("{}{}", ++number, on_diagonal ? ", masked" : ""));
    }
    walk.section("10.3", "Tiles");
    walk.step(
            "Tiles of queries and keys",
            "With one query at a time, each key is read once for each query. So a tile of queries meets a tile "
            "of keys, here two and two. Every row of a tile is an online softmax of its own. The numbers are the "
            "order of the work: all keys for the first queries, then all keys for the next. A causal mask makes "
            "three kinds of tiles: below the diagonal nothing is masked, on the diagonal some scores are, and "
            "above it all scores are. Tiles above the diagonal are skipped: nothing is computed.")
        .read("tiled_attention.cpp")
        .table({"queries", "keys 0-1", "keys 2-3", "keys 4-5"}, rows);
}

void a_diagonal_tile(Walkthrough& walk, const TileTrace& tile) {
    walk.step(
            "A tile on the diagonal",
            "Queries 0 and 1 with keys 0 and 1. The product gives a tile of scores, and the mask is applied to "
            "it before m is computed. m and l have one number for each row, and acc has one row for each query.")
        .read("tiled_attention.cpp")
        .show("diagonal.scores", tile.scores, {"R", "N"}, pytorch())
        .show("diagonal.masked", tile.masked, {"R", "N"}, pytorch())
        .show("diagonal.m", tile.m, {"R"}, pytorch())
        .show("diagonal.p", tile.p, {"R", "N"}, pytorch())
        .show("diagonal.l", tile.l, {"R"}, pytorch())
        .show("diagonal.acc", tile.acc, {"R", "d"}, pytorch());
}

void a_tile_below(Walkthrough& walk, const TileTrace& tile) {
    walk.step(
            "A tile below the diagonal",
            "Queries 2 and 3 start again with m = -inf, l = 0 and acc = 0, and meet keys 0 and 1. Both queries "
            "see both keys, so there is no mask. For a long text nearly all tiles are of this kind.")
        .read("tiled_attention.cpp")
        .show("below.scores", tile.scores, {"R", "N"}, pytorch())
        .show("below.m", tile.m, {"R"}, pytorch())
        .show("below.l", tile.l, {"R"}, pytorch())
        .show("below.acc", tile.acc, {"R", "d"}, pytorch());
}

void the_next_tile(Walkthrough& walk, const TileTrace& tile) {
    walk.step(
            "The next tile of the same queries",
            "The same queries go on to keys 2 and 3. The mask counts positions from the start of the text: in "
            "this tile, query 0 is token 2 and key 1 is token 3. Each row has its own alpha: the first row finds "
            "no larger score, so its alpha is 1, and the second row finds one and corrects its l and acc.")
        .read("tiled_attention.cpp")
        .formula("masked if first_key + j > first_query + i")
        .show("corner.masked", tile.masked, {"R", "N"}, pytorch())
        .show("corner.m", tile.m, {"R"}, pytorch())
        .show("corner.alpha", tile.alpha, {"R"}, pytorch())
        .show("corner.p", tile.p, {"R", "N"}, pytorch())
        .show("corner.l", tile.l, {"R"}, pytorch())
        .show("corner.acc", tile.acc, {"R", "d"}, pytorch());
}

void the_whole_result(Walkthrough& walk, const Head& head, const TiledTrace& tiled) {
    const PlainTrace plain = plain_attention(head);
    walk.step(
            "All tiles",
            "After its last tile, each row is divided by its l. The result is chapter 3's causal attention. The "
            "heatmap shows the attention weights as chapter 3 computes them. No tile ever computed them.")
        .read("tiled_attention.cpp")
        .show("tiled_context", tiled.context_vec, {"T", "d"}, pytorch())
        .heatmap("Attention weights: each row is a query, each column a key.", plain.attn_weights, words())
        .note(fmt::format("Largest difference from plain attention: {}.",
                          told_difference(tiled.context_vec, plain.context_vecs)));
}

void tiles_of_any_shape(Walkthrough& walk, const Head& head) {
    const PlainTrace plain = plain_attention(head);
    Rows rows;
    for (const TileShape shape : {TileShape{1, 6}, TileShape{1, 1}, TileShape{2, 2}, TileShape{4, 5},
                                  TileShape{5, 2}, TileShape{6, 6}}) {
        const TiledTrace tiled = tiled_attention(head.queries, head.keys, head.values, shape);
        const TileCounts counts = count_tiles(head.queries.shape(0), shape);
        rows.push_back({fmt::format("{} x {}", shape.queries, shape.keys), fmt::format("{}", counts.computed),
                        fmt::format("{}", counts.masked), fmt::format("{}", counts.all - counts.computed),
                        told_difference(tiled.context_vec, plain.context_vecs)});
    }
    walk.step(
            "Tiles of any shape",
            "A tile need not be square, and its size need not divide the text: the last tiles are smaller. A tile of 1 "
            "x 6 is step 2, and a tile of 6 x 6 is plain attention. The larger the tiles, the more "
            "masked scores are computed for nothing; the smaller, the more often keys are read.")
        .read("tiled_attention.hpp")
        .table({"queries x keys", "computed", "with a mask", "skipped", "difference"}, rows);
}

// 1 where a score is in memory.
Matrix in_memory_now(std::size_t T, std::size_t first_query, std::size_t first_key, TileShape shape) {
    Matrix picture = xt::zeros<float>({T, T});
    for (std::size_t i = first_query; i < std::min(first_query + shape.queries, T); ++i) {
        for (std::size_t j = first_key; j < std::min(first_key + shape.keys, T); ++j) picture(i, j) = 1.0f;
    }
    return picture;
}

void what_is_in_the_cache(Walkthrough& walk, const TiledTrace& tiled) {
    const std::size_t T = tiled.context_vec.shape(0);
    Rows rows;
    std::size_t number = 0;
    for (const TileTrace& tile : tiled.tiles) {
        if (tile.skipped) continue;
        const bool is_first = tile.first_key == 0, is_last = tile.first_key == tile.first_query;
        rows.push_back({fmt::format("{}", ++number),
                        is_first ? "read " + range_of(tile.first_query, small.queries)
                                 : "hold " + range_of(tile.first_query, small.queries),
                        "read " + range_of(tile.first_key, small.keys), "2 x 2", is_first ? "start" : "hold",
                        is_last ? "write" : "later"});
    }
    walk.step("What is in the cache when",
              "Left: plain attention while it works on any row. All 36 scores are in memory. They are "
              "written, read for the mask, written, read for softmax, written, and read for the product with "
              "the values. Right: tile 5. Four scores exist, and they never leave the cache. The table "
              "follows the tiles: a tile of queries, with its m, l and acc, stays while keys and "
              "values pass by. Each tile of keys is read again for each tile of queries.")
        .read("tiled_attention.cpp")
        .side_by_side({"Plain: scores in memory", in_memory_now(T, 0, 0, {T, T}), words()},
                      {"Tile 5: scores in memory", in_memory_now(T, 4, 2, small), words()})
        .table({"tile", "queries", "keys, values", "scores", "m, l, acc", "context"}, rows);
}

std::string kib(std::size_t bytes) {
    return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024.0);
}
std::string mib(std::size_t bytes) {
    return fmt::format("{:.1f}", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

void bytes_at_a_real_size(Walkthrough& walk) {
    constexpr std::size_t head_dim = 128;
    const TileBytes one = bytes_of_a_tile({tile_queries, tile_keys}, head_dim),
                    group = bytes_of_a_tile({tile_rows, tile_keys}, head_dim);
    const auto row = [&](const char* what, std::size_t TileBytes::*bytes, const std::string& shape) {
        return std::vector<std::string>{what, shape, kib(one.*bytes), kib(group.*bytes)};
    };
    const auto flop_a_byte = [&](std::size_t rows, const TileBytes& bytes) {
        const auto flop = static_cast<double>(4 * rows * tile_keys * head_dim);
        return fmt::format("{:.0f}", flop / static_cast<double>(bytes.keys + bytes.values));
    };
    walk.step(
            "Bytes of a real tile",
            fmt::format(
                "The tiles of this chapter's engine, with heads of {} numbers in float32: R is {} queries "
                "of one head, or {} rows of all heads that share their keys. N is {} keys. Either tile fits "
                "into the level-2 cache of a core, and neither depends on the length of the text. A GPU's "
                "tile is of the same kind: 64 to 128 queries and keys in 16-bit numbers, in the shared "
                "memory of a multiprocessor.",
                head_dim, tile_queries, tile_rows, tile_keys))
        .read("tile_sizes.hpp")
        .table({"held in the cache", "shape", fmt::format("R = {}", tile_queries),
                fmt::format("R = {}", tile_rows)},
               {row("queries", &TileBytes::queries, "R x d"),
                row("keys", &TileBytes::keys, "N x d"),
                row("values", &TileBytes::values, "N x d"),
                row("scores, then p", &TileBytes::scores, "R x N"),
                row("m and l", &TileBytes::m_and_l, "2 x R"),
                row("acc", &TileBytes::acc, "R x d"),
                {"together", "", kib(one.total()), kib(group.total())}})
        .note(fmt::format("A tile takes 4 R N d floating-point operations. For each byte of keys and values, "
                          "these are {} with R = {}, and {} with R = {}.",
                          flop_a_byte(tile_queries, one), tile_queries, flop_a_byte(tile_rows, group),
                          tile_rows));
}

void bytes_that_move(Walkthrough& walk) {
    constexpr TileShape real{.queries = tile_queries, .keys = tile_keys};
    constexpr std::size_t head_dim = 128;
    Rows rows;
    for (const std::size_t T : {512UL, 2048UL, 8192UL, 32768UL}) {
        const Moved plain = moved_by_plain_attention(T, head_dim), tiles = moved_by_tiles(T, real, head_dim);
        rows.push_back({fmt::format("{}", T), mib(T * T * sizeof(float)), mib(plain.matrices),
                        kib(bytes_of_a_tile(real, head_dim).total()), mib(tiles.keys), mib(tiles.queries)});
    }
    walk.step(
            "Memory and bytes moved",
            "Counted for one head, in MiB. The plain way writes and reads three matrices (T, T): scores, "
            "masked scores, weights. A layer with 32 heads needs 32 times as much. Tiles need the memory of one "
            "tile, for any length. They read keys and values once for each tile of queries. That grows with "
            "T² too. But the keys and values of one head fit into a larger cache for most texts, and a matrix "
            "(T, T) does not.")
        .read("tile_memory.cpp")
        .table({"T", "a matrix", "plain moves", "tiles hold", "they read k, v", "q, context"}, rows);
}

}  // namespace

void walk_tiles(Walkthrough& walk, const Head& head) {
    const TiledTrace tiled = tiled_attention(head.queries, head.keys, head.values, small);
    the_order_of_tiles(walk, tiled);
    a_diagonal_tile(walk, tiled.at(0, 0));
    a_tile_below(walk, tiled.at(2, 0));
    the_next_tile(walk, tiled.at(2, 2));
    the_whole_result(walk, head, tiled);
    tiles_of_any_shape(walk, head);
    what_is_in_the_cache(walk, tiled);
    bytes_at_a_real_size(walk);
    bytes_that_move(walk);
}

}  // namespace ch10
