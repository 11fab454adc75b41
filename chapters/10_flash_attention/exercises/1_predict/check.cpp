#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/10_flash_attention/tile.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"

using namespace exercise;

namespace {

constexpr std::size_t queries_at_once = 64, keys_at_once = 256;

// One causal head; without memory, it is good for counting.
AttentionCall causal_head(std::size_t tokens) {
    AttentionCall call;
    call.batch = call.n_heads = call.n_kv_heads = 1;
    call.n_queries = call.n_keys = tokens;
    return call;
}

struct Counts {
    double computed = 0, masked = 0;
};

// The tiles of chapter 10 that skips what is masked.
Counts tiles_of(const AttentionCall& call) {
    Counts counts;
    for (const ch10::TileQueries& queries : ch10::tiles_of_heads(call, queries_at_once)) {
        const auto count = [&](std::size_t first, std::size_t stop) {
            bool sees_all = true;
            for (std::size_t i = 0; i < queries.n_queries; ++i) {
                const AttentionCall::Range visible = call.visible(queries.first_query + i);
                sees_all = sees_all && visible.first <= first && stop <= visible.stop;
            }
            counts.computed += 1;
            counts.masked += sees_all ? 0 : 1;
        };
        ch10::for_each_key_tile(ch10::keys_of(call, queries), keys_at_once, count);
    }
    return counts;
}

double all_tiles(const AttentionCall& call) {
    double key_tiles = 0;
    ch10::for_each_key_tile({0, call.n_keys}, keys_at_once,
                            [&](std::size_t, std::size_t) { key_tiles += 1; });
    return key_tiles * static_cast<double>(ch10::tiles_of_heads(call, queries_at_once).size());
}

// One head of tensors: queries (T, d), keys (S, d), values (S, e).
AttentionCall head_of(const Matrix& queries, const Matrix& keys, const Matrix& values) {
    AttentionCall call = causal_head(queries.shape(0));
    call.n_keys = keys.shape(0);
    call.causal = false;
    const auto one_head = [](const Matrix& rows) {
        return View4(rows, {1, rows.shape(0), 1, rows.shape(1)});
    };
    call.queries = one_head(queries);
    call.keys = one_head(keys);
    call.values = one_head(values);
    return call;
}

// The memory of one tile in a text of so many tokens, after its first tile of keys.
double bytes_of_tile(std::size_t tokens) {
    const Matrix x = xt::zeros<float>({tokens, std::size_t{128}});
    const AttentionCall call = head_of(x, x, x);
    ch10::Tile tile;
    tile.begin(call, ch10::tiles_of_heads(call, queries_at_once).front());
    tile.attend(0, keys_at_once);
    return static_cast<double>(tile.bytes());
}

// m of one query after each block of its scores.
std::vector<float> maxima(const Vector& scores, std::size_t block) {
    const Matrix one = {{1.0f}};
    const Matrix keys = torch::view<2>(scores, {scores.size(), 1});  // 1 times a score is the score
    const AttentionCall call = head_of(one, keys, keys);
    ch10::Tile tile;
    tile.begin(call, ch10::tiles_of_heads(call, 1).front());
    std::vector<float> all;
    ch10::for_each_key_tile({0, scores.size()}, block, [&](std::size_t first, std::size_t stop) {
        tile.attend(first, stop);
        all.push_back(tile.seen().max.front());
    });
    return all;
}

// The weighted sums of 64 queries, divided by their sums.
Matrix context_in_blocks(std::size_t block) {
    const Matrix queries = random_tensor<2>(1011, {64, 6}), keys = random_tensor<2>(1012, {20, 6}),
                 values = random_tensor<2>(1013, {20, 5});
    const AttentionCall call = head_of(queries, keys, values);
    ch10::Tile tile;
    tile.begin(call, ch10::tiles_of_heads(call, queries_at_once).front());
    ch10::for_each_key_tile({0, call.n_keys}, block,
                            [&](std::size_t first, std::size_t stop) { tile.attend(first, stop); });
    Matrix context = Matrix::from_shape({queries.shape(0), values.shape(1)});
    tile.write(context.data());
    return context;
}

}  // namespace

TEST("the tiles of a causal text") {
    const AttentionCall call = causal_head(1000);
    const double all = all_tiles(call);
    const Counts counts = tiles_of(call);
    check_prediction(
        "number of tiles of queries", static_cast<double>(ch10::tiles_of_heads(call, queries_at_once).size()),
        {{"15", "the last 40 queries need a tile too", "1000 = 15 * 64 + 40", "last-tile-missing"},
         {"4", "these are the tiles of keys", "64 queries a tile", "keys-for-queries"}});
    check_prediction(
        "number of tiles of scores", all,
        {{"45", "the last queries and the last keys need tiles too", "16 times 4", "last-tile-missing"},
         {"60", "the last 40 queries need tiles too", "16 times 4", "last-tile-missing"},
         {"48", "the last 232 keys need tiles too", "16 times 4", "last-tile-missing"},
         {"40", "these are the tiles that are computed", "16 times 4", "computed-for-all"}});
    check_prediction(
        "number of tiles that are skipped", all - counts.computed,
        {{"32", "the tiles on the diagonal are not skipped, so fewer than half are", "16 times 4, less 40",
          "half-skipped"},
         {"40", "these are the tiles that are computed", "the other ones of the 64", "computed-for-skipped"},
         {"48", "only one tile of keys for each tile of queries is left here",
          "the last query of a tile needs all tiles up to its own position", "only-the-diagonal"},
         {"0", "the last keys are later than all queries of the first tile",
          "keys 256 to 511, queries 0 to 63", "none-skipped"}});
    check_prediction(
        "number of tiles that need the mask", counts.masked,
        {{"40", "most tiles that are computed lie before the diagonal, and every query sees all their keys",
          "which tiles contain the diagonal?", "computed-for-masked"},
         {"4", "a tile of keys is 256 wide, and four tiles of queries meet the diagonal in it",
          "one for each tile of queries", "one-for-each-tile-of-keys"},
         {"0", "a tile that contains the diagonal is computed in whole, so its later keys must be masked",
          "queries 0 to 63, keys 0 to 255", "no-mask"}});
}

TEST("the tiles of a window") {
    AttentionCall call = causal_head(1000);
    call.window = 128;
    check_prediction("number of tiles that are computed", tiles_of(call).computed,
                     {{"22", "these tiles of keys begin at multiples of 256",
                       "they begin at the first key that is seen", "tiles-at-multiples"},
                      {"40", "this is the number without a window",
                       "at most 64 + 127 keys for each tile of queries", "window-missing"},
                      {"8", "1000 / 128 counts windows; each tile of queries has a range of keys of its own",
                       "one tile of keys for each tile of queries", "windows-counted"},
                      {"32", "64 + 127 keys fit into one tile of 256",
                       "one tile of keys for each tile of queries", "two-tiles-each"}});
}

TEST("the bytes") {
    check_prediction("bytes of one tile of scores",
                     static_cast<double>(queries_at_once * keys_at_once * sizeof(float)),
                     {{"16384", "these are numbers, and each has 4 bytes", "times 4", "numbers-as-bytes"}});
    const double bytes = bytes_of_tile(1000);
    check_prediction(
        "bytes of the memory of a tile", bytes,
        {{"32896", "these are numbers, and each has 4 bytes", "times 4", "numbers-as-bytes"},
         {"131072", "m and l are missing", "two numbers for each query", "m-and-l-missing"},
         {"131328", "m or l is missing", "two numbers for each query", "m-or-l-missing"},
         {"98816", "the queries or the weighted sums are missing", "64 of 128 numbers, twice", "acc-missing"},
         {"393728", "keys and values are read where they are", "they are not copied", "keys-counted"}});
    check_prediction("bytes of the same tile in a text of 8192 tokens", bytes_of_tile(8192),
                     {{"2163200", "a tile has 256 keys at a time, whatever the length",
                       "64 queries and 256 keys", "tile-grows"}});
    const Matrix scores = Matrix::from_shape({8192, 8192});
    check_prediction("bytes of all scores of one head for 8192 tokens without tiles",
                     static_cast<double>(scores.size() * sizeof(float)),
                     {{"67108864", "these are numbers, and each has 4 bytes", "times 4", "numbers-as-bytes"},
                      {"134217728", "masked scores are stored too: the matrix is not half as large",
                       "8192 rows of 8192 numbers", "half-of-the-matrix"},
                      {"32768", "this is one row", "8192 rows", "one-row"}});
}

TEST("the running maximum") {
    const Vector scores = {1, 3, 2, 0, 5, 4, 5, 1};
    const std::vector<float> m = maxima(scores, 2);
    check_prediction("m after the second block", static_cast<double>(m.at(1)),
                     {{"2", "this is the largest score of the second block alone",
                       "the largest of all scores so far", "block-maximum"}});
    double corrections = 0;
    for (std::size_t i = 1; i < m.size(); ++i) corrections += m[i] > m[i - 1] ? 1 : 0;
    check_prediction(
        "number of blocks that correct an earlier sum", corrections,
        {{"2", "the first block has no earlier sum", "m is -inf, and the sum is 0", "first-block-counted"},
         {"3", "a block whose scores are all smaller than m, or equal, corrects nothing",
          "where does m grow?", "every-block"},
         {"4", "only a block that makes m larger corrects an earlier sum", "where does m grow?",
          "every-block"},
         {"0", "the third block makes m larger", "from 3 to 5", "none"}});
    check_prediction(
        "alpha of the third block", static_cast<double>(std::exp(m.at(1) - m.at(2))),
        {{"7.389", "this is exp(new m - old m), so old sums would grow", "alpha = exp(old m - new m)",
          "alpha-inverted"},
         {"7.39", "this is exp(new m - old m), so old sums would grow", "alpha = exp(old m - new m)",
          "alpha-inverted"},
         {"0.0498", "the old m is the largest score so far, not of the second block", "exp(3 - 5)",
          "block-maximum"},
         {"0.0183", "the old m is the largest score so far, not the first one", "exp(3 - 5)", "first-score"},
         {"1", "alpha is 1 where m does not grow; here it grows from 3 to 5", "exp(3 - 5)", "alpha-one"}});
}

TEST("blocks of another size") {
    const Vector scores = {1, 3, 2, 0, 5, 4, 5, 1};
    check_prediction(
        "with blocks of four, m after the last block is the same",
        maxima(scores, 4).back() == maxima(scores, 2).back(),
        {{"no", "the last m is the largest of all scores", "which score is it?", "maximum-of-blocks"}});
    const bool same_bits = context_in_blocks(3) == context_in_blocks(7);
    check_prediction("with blocks of another size, every result has the same bits", same_bits,
                     {{"yes", "float32 rounds each sum, and other blocks add in another order",
                       "(a + b) + c and a + (b + c)", "same-bits"}});
}
