#include "common/exercise/check.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "chapters/09_every_model/cache.hpp"
#include "chapters/09_every_model/exercises/3_a_ring_of_rows/ring.hpp"
#include "chapters/09_every_model/mistakes.hpp"

using namespace exercise;

void write_keys(Ring& ring, const Tensor4& new_keys);
std::size_t next_position(const Ring& ring);
Tensor4 read_keys(const Ring& ring);

namespace {

constexpr std::size_t rows = 4, batch = 2, n_kv_heads = 2, head_dim = 3;
const std::vector<std::string> axes = {"B", "S", "H_kv", "head_dim"};

using Calls = std::vector<Tensor4>;

// Random keys for calls of these numbers of tokens.
Calls calls_of(const std::vector<std::size_t>& sizes, std::uint64_t seed) {
    Calls calls;
    for (const std::size_t tokens : sizes) {
        calls.push_back(random_tensor<4>(seed++, {batch, tokens, n_kv_heads, head_dim}));
    }
    return calls;
}

std::size_t tokens_of(const Calls& calls) {
    std::size_t tokens = 0;
    for (const Tensor4& keys : calls) tokens += keys.shape(1);
    return tokens;
}

Ring empty_ring() {
    return {xt::zeros<float>({batch, rows, n_kv_heads, head_dim}), 0};
}

// The lesson's cache after these calls.
ch9::Cache lessons_cache(const Calls& calls) {
    ch9::Recipe recipe;
    recipe.dim = recipe.n_heads = n_kv_heads;
    recipe.n_kv_heads = n_kv_heads;
    recipe.head_dim = head_dim;
    recipe.mask.window = rows;
    ch9::Cache cache(recipe, batch, 100);
    std::size_t start_pos = 0;
    for (const Tensor4& keys : calls) {
        cache.write(start_pos, keys, keys);
        start_pos += keys.shape(1);
    }
    return cache;
}

Ring expected(const Calls& calls) {
    return {lessons_cache(calls).buffer().cache_k(), tokens_of(calls)};
}

// A ring by another rule: the row of token t of a call that begins after `before` tokens.
using RowOf = std::function<std::size_t(std::size_t before, std::size_t t)>;
Tensor4 written(const Calls& calls, const RowOf& row_of) {
    Ring ring = empty_ring();
    for (const Tensor4& keys : calls) {
        for (std::size_t t = 0; t < keys.shape(1); ++t) {
            const std::size_t row = row_of(ring.tokens, t);
            if (row < rows) xt::view(ring.keys, xt::all(), row) = xt::view(keys, xt::all(), t);
        }
        ring.tokens += keys.shape(1);
    }
    return ring.keys;
}

// The last keys of the text, moved to the front: no ring.
Tensor4 moved(const Calls& calls) {
    const std::size_t used = std::min(tokens_of(calls), rows);
    Tensor4 buffer = empty_ring().keys;
    xt::view(buffer, xt::all(), xt::range(std::size_t{0}, used)) =
        lessons_cache(calls).keys(tokens_of(calls) - used);
    return buffer;
}

void show(const Calls& calls) {
    given("rows", static_cast<double>(rows));
    for (std::size_t i = 0; i < calls.size(); ++i) given("keys of call " + std::to_string(i), calls[i]);
}

void check_writing(const Calls& calls) {
    show(calls);
    const auto [keys, tokens] = answer([&] {
        Ring ring = empty_ring();
        for (const Tensor4& new_keys : calls) write_keys(ring, new_keys);
        return std::tuple(ring.keys, ring.tokens);
    });
    check_tensor(
        "ring.keys", keys, expected(calls).keys, axes,
        {{"cache-unchanged", "nothing is written", "ring.keys(b, row, h, d) = ...",
          [&] { return empty_ring().keys; }},
         {"row-without-tokens", "every call begins at row 0 again", "(ring.tokens + t) % rows",
          [&] { return written(calls, [](std::size_t, std::size_t t) { return t % rows; }); }},
         {"ring-never-replaced", "tokens that come when all rows are full are not written",
          "(ring.tokens + t) % rows",
          [&] { return written(calls, [](std::size_t before, std::size_t t) { return before + t; }); }},
         {"last-row-again", "tokens that come when all rows are full all replace the last row",
          "(ring.tokens + t) % rows",
          [&] {
              return written(
                  calls, [](std::size_t before, std::size_t t) { return std::min(before + t, rows - 1); });
          }},
         {"row-counted-from-1", "the first token is in row 1", "position p has row p % rows",
          [&] {
              return written(calls,
                             [](std::size_t before, std::size_t t) { return (before + t + 1) % rows; });
          }},
         {"position-from-cache-rows", "after the ring is full, the number of rows is taken for the position",
          "count the tokens: ring.tokens, not min(ring.tokens, rows)",
          [&] {
              return written(calls, [](std::size_t before, std::size_t t) {
                  return (std::min(before, rows) + t) % rows;
              });
          }},
         {"ring-moves", "the keys are moved, so that the oldest one is in row 0; a ring moves nothing",
          "position p has row p % rows", [&] { return moved(calls); }}});
    check_number("ring.tokens", static_cast<double>(tokens), static_cast<double>(tokens_of(calls)),
                 {{"tokens-unchanged", "the tokens of the calls are not counted", "ring.tokens += T",
                   [] { return AnyTensor(0.0f); }},
                  {"position-from-cache-rows", "this is the number of rows, but replaced tokens count too",
                   "ring.tokens += T", [] { return AnyTensor(static_cast<float>(rows)); }}});
}

void check_position(const Calls& calls) {
    const Ring ring = expected(calls);
    given("ring.tokens", static_cast<double>(ring.tokens));
    given("ring.keys", ring.keys);
    const auto number = [](std::size_t value) {
        return [value] { return AnyTensor(static_cast<float>(value)); };
    };
    check_number("next position", static_cast<double>(answer([&] { return next_position(ring); })),
                 static_cast<double>(ring.tokens),
                 {cause_of(ch9::mistakes(), "position-from-cache-rows", number(std::min(ring.tokens, rows))),
                  {"row-as-position", "this is the row of the next token, not its position",
                   "the number of tokens before it", number(ring.tokens % rows)},
                  {"position-from-1", "positions count from 0, so the first token has position 0",
                   "the number of tokens before it", number(ring.tokens + 1)},
                  {"position-of-last-token", "this is the position of the last token", "the next one",
                   number(ring.tokens - 1)}});
}

void check_reading(const Calls& calls) {
    const Ring ring = expected(calls);
    given("ring.tokens", static_cast<double>(ring.tokens));
    given("ring.keys", ring.keys);
    const std::size_t used = std::min(ring.tokens, rows);
    // The rows from `first` on, round the ring.
    const auto from_row = [&](std::size_t first) {
        Tensor4 keys = torch::narrow(ring.keys, 1, 0, used);
        for (std::size_t s = 0; s < used; ++s) {
            xt::view(keys, xt::all(), s) = xt::view(ring.keys, xt::all(), (first + s) % rows);
        }
        return keys;
    };
    check_tensor(
        "keys", answer([&] { return read_keys(ring); }), lessons_cache(calls).keys(ring.tokens - used), axes,
        {{"rows-in-their-order", "the keys are in the order of the rows, not of the text",
          "the oldest token has position ring.tokens - n", [&] { return from_row(0); }},
         {"newest-first", "the order begins with the newest key",
          "the oldest token has position ring.tokens - n",
          [&] { return from_row((ring.tokens + rows - 1) % rows); }},
         {"second-oldest-first", "the order begins with the second oldest key",
          "the oldest token has position ring.tokens - n",
          [&] { return from_row((ring.tokens + 1) % rows); }},
         {"empty-rows-first", "the order begins with a row that no token has yet",
          "n is the smaller of ring.tokens and rows", [&] { return from_row(ring.tokens % rows); }}});
}

}  // namespace

TEST("write: three tokens, so one row stays empty") {
    check_writing(calls_of({2, 1}, 931));
}

TEST("write: six tokens, of which the last two replace the first two") {
    check_writing(calls_of({3, 1, 2}, 933));
}

TEST("write: a call with more tokens than rows, and one more") {
    check_writing(calls_of({1, 6, 1}, 936));
}

TEST("the position after three tokens") {
    check_position(calls_of({3}, 940));
}

TEST("the position after seven tokens") {
    check_position(calls_of({3, 4}, 941));
}

TEST("read: three tokens") {
    check_reading(calls_of({3}, 943));
}

TEST("read: six tokens") {
    check_reading(calls_of({6}, 944));
}

TEST("read: eleven tokens") {
    check_reading(calls_of({5, 6}, 945));
}
