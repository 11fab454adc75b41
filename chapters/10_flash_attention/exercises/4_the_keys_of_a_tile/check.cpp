#include "common/exercise/check.hpp"

#include <algorithm>

#include "chapters/10_flash_attention/exercises/4_the_keys_of_a_tile/call.hpp"

using namespace exercise;

Range keys_of(const Call& call, std::size_t first_query, std::size_t n_queries);

namespace {

bool sees(const Call& call, std::size_t query, std::size_t key) {
    const std::size_t of_query = call.start_pos + query, of_key = call.first_key + key;
    return (!call.causal || of_key <= of_query) && (call.window == 0 || of_key + call.window > of_query);
}

// By looking at each query and each key.
Range expected(const Call& call, std::size_t first_query, std::size_t n_queries) {
    Range range{call.n_keys, 0};
    for (std::size_t i = first_query; i < first_query + n_queries; ++i) {
        for (std::size_t j = 0; j < call.n_keys; ++j) {
            if (!sees(call, i, j)) continue;
            range.first = std::min(range.first, j);
            range.stop = std::max(range.stop, j + 1);
        }
    }
    return range;
}

// A text in tiles.
struct Tiles {
    Call call;
    std::size_t n_queries, size;
};

// A row for each tile of queries: first and stop of its keys. An empty range is 0, 0.
template <class KeysOf>
Matrix ranges(const Tiles& tiles, const KeysOf& keys_of) {
    Matrix rows = Matrix::from_shape({(tiles.n_queries + tiles.size - 1) / tiles.size, 2});
    for (std::size_t t = 0; t < rows.shape(0); ++t) {
        const std::size_t first_query = t * tiles.size;
        const Range range =
            keys_of(tiles.call, first_query, std::min(tiles.size, tiles.n_queries - first_query));
        const bool empty = range.first >= range.stop && range.stop <= tiles.call.n_keys;
        rows(t, 0) = empty ? 0.0f : static_cast<float>(range.first);
        rows(t, 1) = empty ? 0.0f : static_cast<float>(range.stop);
    }
    return rows;
}

// What a student gets who has another call, or other queries, in mind.
template <class Change>
Cause cause(const std::string& id, const std::string& words, const std::string& advice, const Tiles& tiles,
            Change change) {
    const auto changed = [change](Call call, std::size_t first_query, std::size_t n_queries) {
        change(call, first_query, n_queries);
        return expected(call, first_query, n_queries);
    };
    return {id, words, advice, [=] { return ranges(tiles, changed); }};
}

Causes causes_of(const Tiles& tiles) {
    const auto of = [&](const std::string& id, const std::string& words, const std::string& advice,
                        auto change) { return cause(id, words, advice, tiles, change); };
    const auto below_zero = [](const Call& call, std::size_t first_query, std::size_t n_queries) {
        const bool wraps = call.window > call.start_pos + first_query + 1;
        return wraps ? Range{0, 0} : expected(call, first_query, n_queries);
    };
    const auto without_own = [](const Call& call, std::size_t first_query, std::size_t n_queries) {
        Range range = expected(call, first_query, n_queries);
        if (call.causal && range.stop > 0) range.stop -= 1;
        return range;
    };
    return {
        of("start-pos-missing", "query i is taken to be at position i", "start_pos + first_query",
           [](Call& call, auto&, auto&) { call.start_pos = 0; }),
        of("first-key-missing", "key j is taken to be at position j", "subtract first_key from positions",
           [](Call& call, auto&, auto&) { call.first_key = 0; }),
        of("stop-of-the-first-query",
           "the range is that of the first query, so later ones lose their newest keys",
           "the last query of the tile is at first_query + n_queries - 1",
           [](Call&, auto&, std::size_t& n_queries) { n_queries = 1; }),
        of("first-of-the-last-query",
           "the range is that of the last query, so earlier ones lose their oldest keys",
           "the first query of the tile sees the oldest key",
           [](Call&, std::size_t& first_query, std::size_t& n_queries) {
               first_query += n_queries - 1;
               n_queries = 1;
           }),
        of("one-query-too-many", "the range is that of one query more than the tile has",
           "the last query of the tile is at first_query + n_queries - 1",
           [](Call&, auto&, std::size_t& n_queries) { n_queries += 1; }),
        of("causal-missing", "keys after all queries of the tile are in the range", "call.causal",
           [](Call& call, auto&, auto&) { call.causal = false; }),
        of("window-missing", "keys before the window are in the range", "call.window",
           [](Call& call, auto&, auto&) { call.window = 0; }),
        of("window-too-wide", "the window has one key too many: the query's own key is one of them",
           "position + 1 - window", [](Call& call, auto&, auto&) { call.window += call.window > 0 ? 1 : 0; }),
        of("window-too-narrow", "the window has one key too few", "position + 1 - window",
           [](Call& call, auto&, auto&) { call.window -= call.window > 1 ? 1 : 0; }),
        {"window-below-zero",
         "position + 1 - window is below 0 near the start of the text, and without a sign that is a large number",
         "compare before you subtract", [=] { return ranges(tiles, below_zero); }},
        {"own-key-missing", "the last query's own key is not in the range",
         "stop is the key after the last one", [=] { return ranges(tiles, without_own); }},
        of("stop-without-limit", "the range goes on after the last key", "std::min(..., call.n_keys)",
           [](Call& call, auto&, auto&) { call.n_keys += 100; })};
}

void check_tiles(const Tiles& tiles) {
    given("n_keys", static_cast<double>(tiles.call.n_keys));
    given("start_pos", static_cast<double>(tiles.call.start_pos));
    given("first_key", static_cast<double>(tiles.call.first_key));
    given("causal (1 is true)", tiles.call.causal ? 1 : 0);
    given("window", static_cast<double>(tiles.call.window));
    given("number of queries", static_cast<double>(tiles.n_queries));
    given("queries of a tile", static_cast<double>(tiles.size));
    check_tensor("first and stop for each tile of queries", answer([&] { return ranges(tiles, keys_of); }),
                 ranges(tiles, expected), {}, causes_of(tiles));
}

}  // namespace

TEST("a causal text of 11 tokens, tiles of 4 queries") {
    check_tiles({{.n_keys = 11, .start_pos = 0, .first_key = 0, .causal = true, .window = 0}, 11, 4});
}

TEST("five new tokens after seven others") {
    check_tiles({{.n_keys = 12, .start_pos = 7, .first_key = 0, .causal = true, .window = 0}, 5, 2});
}

TEST("a window of 3 keys") {
    check_tiles({{.n_keys = 11, .start_pos = 0, .first_key = 0, .causal = true, .window = 3}, 11, 4});
}

TEST("a window of 6 keys") {
    check_tiles({{.n_keys = 13, .start_pos = 0, .first_key = 0, .causal = true, .window = 6}, 13, 3});
}

TEST("a cache that has forgotten the keys before position 5") {
    check_tiles({{.n_keys = 20, .start_pos = 20, .first_key = 5, .causal = true, .window = 8}, 5, 2});
}

TEST("queries that see later keys too") {
    check_tiles({{.n_keys = 7, .start_pos = 0, .first_key = 0, .causal = false, .window = 0}, 7, 3});
}

TEST("a window without a causal mask") {
    check_tiles({{.n_keys = 9, .start_pos = 0, .first_key = 0, .causal = false, .window = 4}, 9, 2});
}

TEST("the first 6 keys of a longer text: later queries have no key there") {
    check_tiles({{.n_keys = 6, .start_pos = 4, .first_key = 0, .causal = true, .window = 5}, 9, 2});
}
