// Chapter 10's walk: online softmax, merging and tiles by hand, against chapter 1's softmax and double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/mistakes.hpp"
#include "chapters/10_flash_attention/rounding.hpp"
#include "chapters/10_flash_attention/small_head.hpp"
#include "chapters/10_flash_attention/stages.hpp"
#include "chapters/10_flash_attention/tile_memory.hpp"
#include "chapters/10_flash_attention/tiled_attention.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/closeness.hpp"
#include "tests/support/fixtures.hpp"

namespace {

constexpr float inf = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

// Scores of a row that is far from uniform: the largest and the smallest differ by some 20.
Vector strong_scores(std::uint64_t seed, std::size_t n) {
    const Matrix row = 4.0f * random_matrix(seed, 1, n);
    return torch::select(row, 0);
}

// The state after some keys, one block of `block` after the other.
ch10::OnlineState state_of(const Vector& scores, const Matrix& values, std::size_t block) {
    return ch10::online_softmax(scores, values, block).blocks.back().after;
}

ch10::OnlineState part_of(const Vector& scores, const Matrix& values, std::size_t first, std::size_t n) {
    return state_of(torch::narrow(scores, 0, first, n), torch::narrow(values, 0, first, n), n);
}

bool all_nan(const Vector& x) {
    return std::all_of(x.begin(), x.end(), [](float value) { return std::isnan(value); });
}

Matrix rows_of(const Matrix& x, std::size_t n) {
    return torch::narrow(x, 0, x.shape(0) - n, n);
}

}  // namespace

TEST_CASE("chapter 10, online softmax: any block gives chapter 1's softmax, and double") {
    for (const std::size_t n : {1UL, 2UL, 7UL, 29UL}) {
        const Vector scores = strong_scores(3 + n, n);
        const Matrix values = random_matrix(40 + n, n, 5);
        const Vector exact = ch10::context_in_double(scores, values);
        for (const std::size_t block : {1UL, 2UL, 3UL, 5UL, 8UL, 28UL, 29UL, 100UL}) {
            CAPTURE(n, block);
            const ch10::OnlineTrace trace = ch10::online_softmax(scores, values, block);
            CHECK(trace.blocks.size() == (n + block - 1) / block);
            CHECK(relative_difference(trace.context_vec, exact) < close_to_double);
            CHECK(relative_difference(trace.attn_weights, ch1::softmax(scores)) < close_to_double);
        }
    }
}

TEST_CASE("chapter 10, online softmax: every named number is what its name says") {
    const std::size_t n = 11, block = 3;
    const Vector scores = strong_scores(8, n);
    const Matrix values = random_matrix(9, n, 4);
    const ch10::OnlineTrace trace = ch10::online_softmax(scores, values, block);
    float old = -inf;
    for (std::size_t b = 0; b < trace.blocks.size(); ++b) {
        CAPTURE(b);
        const ch10::BlockTrace& part = trace.blocks[b];
        const std::size_t seen = std::min((b + 1) * block, n);
        CHECK(exact(part.scores) == exact(torch::narrow(scores, 0, b * block, seen - b * block)));
        CHECK(part.block_max == *std::max_element(part.scores.begin(), part.scores.end()));
        CHECK(part.m_new ==
              *std::max_element(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(seen)));
        CHECK(part.after.m == part.m_new);
        CHECK(part.alpha == std::exp(old - part.m_new));
        double l = 0.0;
        std::vector<double> acc(values.shape(1));
        for (std::size_t j = 0; j < seen; ++j) {
            const double p = std::exp(static_cast<double>(scores(j)) - static_cast<double>(part.m_new));
            l += p;
            for (std::size_t c = 0; c < acc.size(); ++c) acc[c] += p * static_cast<double>(values(j, c));
            if (j >= b * block) CHECK(static_cast<double>(part.p(j - b * block)) == Approx(p).margin(1e-7));
        }
        CHECK(static_cast<double>(part.after.l) == Approx(l).epsilon(1e-6));
        for (std::size_t c = 0; c < acc.size(); ++c)
            CHECK(static_cast<double>(part.after.acc(c)) == Approx(acc[c]).margin(1e-6));
        old = part.m_new;
    }
    // The fixture has blocks that raise the maximum and blocks that do not.
    CHECK(std::any_of(trace.blocks.begin() + 1, trace.blocks.end(),
                      [](const auto& b) { return b.alpha < 1.0f; }));
    CHECK(
        std::any_of(trace.blocks.begin(), trace.blocks.end(), [](const auto& b) { return b.alpha == 1.0f; }));
}

TEST_CASE("chapter 10, online softmax: no overflow where exp overflows, no underflow of the sum") {
    const Matrix values = random_matrix(21, 6, 3);
    const Vector scores = strong_scores(22, 6);
    for (const float shift : {1000.0f, -1000.0f}) {
        const Vector shifted = scores + shift;
        CHECK(all_nan(ch1::naive_softmax(shifted)));
        for (const std::size_t block : {1UL, 4UL}) {
            const Vector context = ch10::online_softmax(shifted, values, block).context_vec;
            CHECK(relative_difference(context, ch10::context_in_double(shifted, values)) < 1e-6f);
        }
    }
}

TEST_CASE("chapter 10, online softmax: masked blocks add nothing, wherever they are") {
    const std::size_t n = 9;
    const Matrix values = random_matrix(31, n, 3);
    const Vector scores = strong_scores(32, n);
    for (const std::size_t first : {0UL, 2UL, 5UL}) {
        Vector masked = scores;
        Vector visible = Vector::from_shape({n - 4});
        Matrix visible_values = Matrix::from_shape({n - 4, 3});
        for (std::size_t j = 0, to = 0; j < n; ++j) {
            if (j >= first && j < first + 4) {
                masked(j) = -inf;
            } else {
                visible(to) = scores(j);
                xt::view(visible_values, to++) = xt::view(values, j);
            }
        }
        for (const std::size_t block : {1UL, 2UL, 3UL, 9UL}) {
            CAPTURE(first, block);
            CHECK(relative_difference(ch10::online_softmax(masked, values, block).context_vec,
                                      ch10::context_in_double(visible, visible_values)) < close_to_double);
        }
    }
    const Vector none = xt::full_like(scores, -inf);
    for (const std::size_t block : {1UL, 4UL, 9UL}) {
        const ch10::OnlineState state = state_of(none, values, block);
        CHECK(state.m == -inf);
        CHECK(state.l == 0.0f);
        CHECK(exact(ch10::finish(state)) == exact(Vector{0, 0, 0}));
    }
}

TEST_CASE("chapter 10, online softmax: one NaN spoils the result, as in chapter 1") {
    const Matrix values = random_matrix(51, 7, 2);
    for (std::size_t at = 0; at < 7; ++at) {
        Vector scores = strong_scores(52, 7);
        scores(at) = not_a_number;
        for (const std::size_t block : {1UL, 3UL, 7UL}) {
            CAPTURE(at, block);
            CHECK(all_nan(ch10::online_softmax(scores, values, block).context_vec));
        }
        Vector masked = xt::full_like(scores, -inf);
        masked(at) = not_a_number;
        CHECK(all_nan(ch10::online_softmax(masked, values, 2).context_vec));
        const auto part = [&](std::size_t first, std::size_t n) { return part_of(masked, values, first, n); };
        CHECK(all_nan(ch10::finish(ch10::merge(part(0, 3), part(3, 4)).merged)));
    }
}

TEST_CASE("chapter 10, merge: any parts in any order give the whole") {
    const std::size_t n = 23;
    const Vector scores = strong_scores(61, n);
    const Matrix values = random_matrix(62, n, 5);
    const Vector wanted = ch10::context_in_double(scores, values);
    const ch10::OnlineState a = part_of(scores, values, 0, 1), b = part_of(scores, values, 1, 9),
                            c = part_of(scores, values, 10, 13);
    const auto merged = [](const ch10::OnlineState& x, const ch10::OnlineState& y) {
        return ch10::merge(x, y).merged;
    };
    for (const ch10::OnlineState& whole : {merged(merged(a, b), c), merged(a, merged(b, c)),
                                           merged(merged(c, a), b), merged(c, merged(b, a))}) {
        CHECK(whole.m == *std::max_element(scores.begin(), scores.end()));
        CHECK(relative_difference(ch10::finish(whole), wanted) < close_to_double);
    }
    // Parts without a key, or with masked keys only, change no bit.
    const ch10::OnlineState nothing = ch10::no_keys_yet(5);
    for (const ch10::OnlineState& same : {merged(b, nothing), merged(nothing, b)}) {
        CHECK(same.m == b.m);
        CHECK(same.l == b.l);
        CHECK(exact(same.acc) == exact(b.acc));
    }
    CHECK(merged(nothing, nothing).m == -inf);
    CHECK(exact(ch10::finish(merged(nothing, nothing))) == exact(ch10::finish(nothing)));
}

TEST_CASE("chapter 10, tiles: any shape gives causal attention in double") {
    const std::size_t S = 13, d = 3;
    const Matrix q = 2.0f * random_matrix(71, S, d), k = random_matrix(72, S, d), v = random_matrix(73, S, d);
    const Matrix exact_context = attention_in_double(q, k, v, static_cast<double>(d), true);
    for (const ch10::TileShape shape :
         {ch10::TileShape{1, 1}, ch10::TileShape{2, 2}, ch10::TileShape{3, 5}, ch10::TileShape{5, 3},
          ch10::TileShape{1, 13}, ch10::TileShape{13, 1}, ch10::TileShape{12, 14}, ch10::TileShape{40, 40}}) {
        CAPTURE(shape.queries, shape.keys);
        const ch10::TiledTrace tiled = ch10::tiled_attention(q, k, v, shape);
        CHECK(relative_difference(tiled.context_vec, exact_context) < close_to_double);

        // Every tile is there once; a skipped one has no visible score, and any other one has.
        const ch10::TileCounts counts = ch10::count_tiles(S, shape);
        CHECK(tiled.tiles.size() == counts.all);
        std::size_t computed = 0, masked = 0;
        for (const ch10::TileTrace& tile : tiled.tiles) {
            const std::size_t last_query = std::min(tile.first_query + shape.queries, S) - 1;
            CHECK(tile.skipped == (tile.first_key > last_query));
            if (tile.skipped) continue;
            ++computed;
            if (std::count(tile.masked.begin(), tile.masked.end(), -inf) > 0) ++masked;
            CHECK(&tiled.at(tile.first_query, tile.first_key) == &tile);
        }
        CHECK(computed == counts.computed);
        CHECK(masked == counts.masked);

        // The last queries of the same text, as after a cache.
        for (const std::size_t T : {1UL, 4UL, 12UL}) {
            const Matrix last = ch10::tiled_attention(rows_of(q, T), k, v, shape).context_vec;
            CHECK(relative_difference(last, rows_of(exact_context, T)) < close_to_double);
        }
    }
    CHECK_THROWS_AS(ch10::tiled_attention(q, rows_of(k, 5), rows_of(v, 5), {2, 2}), std::invalid_argument);
}

TEST_CASE("chapter 10, tiles: a future key changes no bit, not even NaN") {
    const std::size_t S = 7;
    const Matrix q = random_matrix(81, S, 2), k = random_matrix(82, S, 2), v = random_matrix(83, S, 2);
    const Matrix before = ch10::tiled_attention(q, k, v, {2, 3}).context_vec;
    Matrix spoilt_keys = k;
    xt::view(spoilt_keys, S - 1) = not_a_number;
    const Matrix after = ch10::tiled_attention(q, spoilt_keys, v, {2, 3}).context_vec;
    CHECK(exact(torch::narrow(after, 0, 0, S - 1)) == exact(torch::narrow(before, 0, 0, S - 1)));
    CHECK(all_nan(torch::select(after, S - 1)));
}

TEST_CASE("chapter 10, bytes: the formulas count the floats of a real tile") {
    const std::size_t S = 12, d = 5;
    const Matrix q = random_matrix(91, S, d), k = random_matrix(92, S, d), v = random_matrix(93, S, d);
    const ch10::TileShape shape{3, 4};
    const ch10::TiledTrace tiled = ch10::tiled_attention(q, k, v, shape);
    const ch10::TileTrace& tile = tiled.at(6, 4);
    const ch10::TileBytes bytes = ch10::bytes_of_a_tile(shape, d);
    CHECK(bytes.scores == tile.scores.size() * sizeof(float));
    CHECK(bytes.m_and_l == (tile.m.size() + tile.l.size()) * sizeof(float));
    CHECK(bytes.acc == tile.acc.size() * sizeof(float));
    CHECK(bytes.total() == (2 * 3 * 5 + 2 * 4 * 5 + 3 * 4 + 2 * 3) * sizeof(float));

    const ch10::Moved tiles = ch10::moved_by_tiles(S, shape, d), plain = ch10::moved_by_plain_attention(S, d);
    CHECK(plain.matrices == 6 * 12 * 12 * sizeof(float));
    CHECK(tiles.matrices == 0);
    // Tiles of queries 0-2, 3-5, 6-8, 9-11 see 1, 2, 3 and 3 tiles of keys.
    CHECK(tiles.keys == (1 + 2 + 3 + 3) * 2 * 4 * 5 * sizeof(float));
    CHECK(tiles.queries == plain.queries);
}

TEST_CASE("chapter 10, rounding: orders of a sum, and units in the last place") {
    const Vector numbers = {16777216.0f, 1.0f, 1.0f};
    CHECK(ch10::sum_in_blocks(numbers, 1) == 16777216.0f);
    CHECK(ch10::sum_in_blocks(numbers, 2) == 16777216.0f);
    CHECK(ch10::sum_in_blocks(numbers, 3) == 16777216.0f);
    CHECK(ch10::sum_in_blocks(numbers, 1, ch10::From::last) == 16777218.0f);
    CHECK(ch10::sum_in_double(numbers) == 16777218.0);
    CHECK(ch10::in_last_places(16777216.0f, 16777218.0) == -1.0);
    CHECK(ch10::in_last_places(1.0f, 1.0) == 0.0);
    CHECK(ch10::in_last_places(1.5f, 1.5 - 0x1p-22) == 2.0);

    // A block that does not divide the row.
    const Vector five = {1, 2, 4, 8, 16};
    for (const std::size_t block : {1UL, 2UL, 3UL, 4UL, 9UL})
        CHECK(ch10::sum_in_blocks(five, block) == 31.0f);
}

TEST_CASE("chapter 10, stages: without a mistake they are the lesson's functions") {
    torch::Generator generator(ch10::walk_seed);
    const ch10::Head head = ch10::draw_head(generator);
    const ch10::TiledTrace tiled = ch10::tiled_attention(head.queries, head.keys, head.values, {2, 2});
    const ch10::PlainTrace plain = ch10::plain_attention(head);
    const ch10::OnlineTrace online =
        ch10::online_softmax(torch::select(plain.attn_scores, 5), head.values, 2);
    const NamedTensors tensors = ch10::tensors_with({});
    const auto named = [&](const std::string& name) {
        const auto found = std::find_if(tensors.begin(), tensors.end(),
                                        [&](const auto& tensor) { return tensor.first == name; });
        REQUIRE(found != tensors.end());
        return exact(found->second);
    };
    CHECK(named("second.p") == exact(online.blocks[1].p));
    CHECK(named("third.acc") == exact(online.blocks[2].after.acc));
    CHECK(named("online_context") == exact(online.context_vec));
    CHECK(named("corner.masked") == exact(tiled.at(2, 2).masked));
    CHECK(named("corner.acc") == exact(tiled.at(2, 2).acc));
    CHECK(named("tiled_context") == exact(tiled.context_vec));
}

TEST_CASE("chapter 10, mistakes: each has an id of its own and changes a tensor") {
    const NamedTensors right = ch10::tensors_with({});
    std::vector<std::string> ids;
    for (const Mistake& mistake : ch10::mistakes()) {
        CAPTURE(mistake.id);
        CHECK(std::count(ids.begin(), ids.end(), mistake.id) == 0);
        ids.push_back(mistake.id);
        bool changes = false;
        for (const auto& [name, tensor] : mistake.tensors()) {
            for (const auto& [right_name, right_tensor] : right)
                changes = changes || (name == right_name && exact(tensor) != exact(right_tensor));
        }
        CHECK(changes);
    }
    CHECK(ids.size() >= 15);
}
