// Chapter 9's stages, one at a time: what each promises whatever the model. chapter_9_models_test.cpp has the
// models. B sequences, T tokens, H query heads, H_kv key and value heads
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/09_every_model/alibi.hpp"
#include "chapters/09_every_model/attention.hpp"
#include "chapters/09_every_model/distance_bias.hpp"
#include "chapters/09_every_model/mask.hpp"
#include "chapters/09_every_model/norms.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "chapters/09_every_model/sinks.hpp"
#include "chapters/09_every_model/soft_cap.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace {

using ch9::Recipe;
using ch9::Rope;

constexpr float poison = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t dim = 7, heads = 6, kv_heads = 2, head_dim = 4, batch = 2, tokens = 11;

// Grouped queries and RoPE, as in Llama.
Recipe plain() {
    Recipe recipe;
    recipe.dim = dim;
    recipe.n_heads = heads;
    recipe.n_kv_heads = kv_heads;
    recipe.head_dim = head_dim;
    recipe.scale = 0.5f;
    recipe.rope = Rope{Rope::Pairs::halves, head_dim, ch6::frequencies(head_dim, 30.0f), 1.0f};
    return recipe;
}

Recipe with(const std::function<void(Recipe&)>& change) {
    Recipe recipe = plain();
    change(recipe);
    return recipe;
}

ch2::Linear linear(std::uint64_t seed, std::size_t rows, std::size_t columns) {
    return {random_matrix(seed, rows, columns), {}};
}

ch9::Weights weights_of(const Recipe& recipe) {
    ch9::Weights weights;
    const std::size_t q_rows = heads * head_dim, kv_rows = kv_heads * head_dim;
    weights.q = linear(11, recipe.output_gate ? 2 * q_rows : q_rows, dim);
    weights.k = linear(12, kv_rows, dim);
    weights.v = linear(13, kv_rows, dim);
    weights.o = linear(14, dim, q_rows);
    weights.q_norm = random_matrix(15, heads, head_dim);
    weights.k_norm = random_matrix(16, kv_heads, head_dim);
    weights.sinks = torch::view<1>(random_matrix(17, 1, heads), {heads});
    weights.distance_bias = random_matrix(18, 8, heads);
    return weights;
}

Tensor3 x_of(std::uint64_t seed) {
    return random_batch(seed, batch, tokens, dim);
}

// The output of a text in pieces, with one cache.
Tensor3 in_pieces(const Recipe& recipe, const Tensor3& x, const std::vector<std::size_t>& sizes) {
    ch9::Cache cache(recipe, x.shape(0), x.shape(1));
    const ch9::Weights weights = weights_of(recipe);
    return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
        return ch9::attention(piece, weights, recipe, cache, start_pos).output;
    });
}

ch9::Trace at_once(const Recipe& recipe, const Tensor3& x, const ch9::Weights& weights) {
    ch9::Cache cache(recipe, x.shape(0), x.shape(1));
    return ch9::attention(x, weights, recipe, cache, 0);
}

bool all_finite(const Tensor3& x) {
    return std::all_of(x.begin(), x.end(), [](float value) { return std::isfinite(value); });
}

bool is_near(double a, double b) {
    return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b));
}

void use_window(Recipe& recipe) {
    recipe.mask.window = 3;
}
void use_chunk(Recipe& recipe) {
    recipe.mask.chunk = 4;
}
void use_alibi(Recipe& recipe) {
    recipe.rope.reset();
    recipe.alibi = true;
}
void use_distance_bias(Recipe& recipe) {
    recipe.rope.reset();
    recipe.distance_bias = ch9::DistanceBias{8, 10};
}
void use_sinks_and_cap(Recipe& recipe) {
    recipe.sinks = true;
    recipe.soft_cap = 2.0f;
}
void use_gate_and_norm(Recipe& recipe) {
    recipe.output_gate = true;
    recipe.qk_norm = ch9::QkNorm{};
}
const std::array<void (*)(Recipe&), 6> choices = {use_window,        use_chunk,         use_alibi,
                                                  use_distance_bias, use_sinks_and_cap, use_gate_and_norm};

}  // namespace

TEST_CASE("chapter 9: in pieces and token by token, with rings, as all at once") {
    const Recipe recipe = with(choices.at(GENERATE(0U, 1U, 2U, 3U, 4U, 5U)));
    const Tensor3 x = x_of(1), whole = in_pieces(recipe, x, {tokens});
    for (const std::vector<std::size_t>& sizes :
         {std::vector<std::size_t>(tokens, 1), {5, 1, 1, 4}, {1, 10}, {7, 3, 1}, {4, 4, 3}}) {
        CHECK(largest_difference(in_pieces(recipe, x, sizes), whole) < 1e-5f);
    }
}

TEST_CASE("chapter 9: a later token changes nothing before it") {
    const Recipe recipe = with(choices.at(GENERATE(0U, 1U, 2U, 3U, 4U, 5U)));
    const Tensor3 x = x_of(2);
    Tensor3 changed = x;
    xt::view(changed, xt::all(), 6) = 9.0f;
    const Tensor3 a = in_pieces(recipe, x, {tokens}), b = in_pieces(recipe, changed, {tokens});
    CHECK(exact(torch::narrow(a, 1, 0, 6)) == exact(torch::narrow(b, 1, 0, 6)));
    CHECK(exact(torch::narrow(a, 1, 6, 1)) != exact(torch::narrow(b, 1, 6, 1)));
}

TEST_CASE("chapter 9: NaN that left the window or the chunk reaches nothing") {
    const auto [choose, last_poisoned, first_clean] =
        GENERATE(table<void (*)(Recipe&), std::size_t, std::size_t>({{use_window, 4, 7}, {use_chunk, 5, 8}}));
    const Recipe recipe = with(choose);
    Tensor3 x = x_of(3);
    xt::view(x, xt::all(), xt::range(std::size_t{0}, last_poisoned + 1)) = poison;
    const Tensor3 output = in_pieces(recipe, x, std::vector<std::size_t>(tokens, 1));
    CHECK(all_finite(torch::narrow(output, 1, first_clean, tokens - first_clean)));
    CHECK_FALSE(all_finite(torch::narrow(output, 1, first_clean - 1, 1)));
}

TEST_CASE("chapter 9, cache: a ring has the rows of its window, and positions go on") {
    const Recipe recipe = with(use_window);
    ch9::Cache cache(recipe, batch, tokens);
    CHECK(cache.rows() == 3);
    CHECK(ch9::Cache(recipe, batch, 2).rows() == 2);
    const Tensor4 k = torch::view<4>(random_batch(4, batch, tokens, kv_heads * head_dim),
                                     {batch, tokens, kv_heads, head_dim}),
                  v = 2.0f * k;
    for (const auto& [start, size] : {std::pair{std::size_t{0}, std::size_t{5}}, {5, 1}, {6, 2}}) {
        cache.write(start, torch::narrow(k, 1, start, size), torch::narrow(v, 1, start, size));
    }
    CHECK(cache.tokens() == 8);
    CHECK(exact(cache.keys(5)) == exact(torch::narrow(k, 1, 5, 3)));
    CHECK(exact(cache.values(6)) == exact(torch::narrow(v, 1, 6, 2)));
    CHECK(cache.keys(8).shape(1) == 0);
    CHECK_THROWS_AS(cache.keys(4), std::invalid_argument);  // its row has another token now
    CHECK_THROWS_AS(cache.keys(9), std::invalid_argument);
    CHECK_THROWS_AS(cache.write(3, k, v), std::invalid_argument);  // the row count is no position
    CHECK_THROWS_AS(cache.write(8, k, v), std::invalid_argument);  // beyond the text
    CHECK(cache.tokens() == 8);
}

TEST_CASE("chapter 9, cache: bytes by kind") {
    const std::size_t row = 2 * kv_heads * head_dim * sizeof(float);
    CHECK(ch9::cache_bytes(plain(), 32768) == 32768 * row);
    CHECK(ch9::cache_bytes(with(use_window), 32768) == 3 * row);
    CHECK(ch9::cache_bytes(with(use_chunk), 32768) == 4 * row);
    CHECK(ch9::cache_bytes(with(use_window), 2) == 2 * row);
    CHECK(ch9::Cache(plain(), batch, tokens).bytes() == batch * tokens * row);
}

TEST_CASE("chapter 9, rotary: a part of each head is rotated, the rest stays as it is") {
    const auto pairs = GENERATE(Rope::Pairs::halves, Rope::Pairs::neighbours);
    const Tensor4 x = torch::view<4>(random_batch(5, batch, tokens, 3 * 10), {batch, tokens, 3, 10});
    const Rope rope{pairs, 6, ch6::frequencies(6, 50.0f), 1.25f};
    const Tensor4 rotated = ch9::rotate(x, rope, 2);
    CHECK(exact(torch::narrow(rotated, 3, 6, 4)) == exact(torch::narrow(x, 3, 6, 4)));

    const ch6::ComplexMatrix table = ch6::rotation_table(rope.freqs, 2 + tokens, 1.25f);
    const Tensor4 part = torch::narrow(x, 3, 0, 6);
    const Tensor4 expected =
        pairs == Rope::Pairs::halves ? ch6::rotate_half_split(part, table, 2) : ch6::rotate(part, table, 2);
    CHECK(exact(torch::narrow(rotated, 3, 0, 6)) == exact(expected));
}

TEST_CASE("chapter 9, rotary: dynamic and longrope change where the text exceeds the original length") {
    ch9::RopeFields fields;
    fields.theta = 40.0;
    fields.scaling = RopeScaling{.type = "dynamic", .factor = 4.0, .original_max_seq_len = 8};
    CHECK(ch9::dynamic_theta(fields, 6, 8) == 40.0);
    CHECK(is_near(ch9::dynamic_theta(fields, 6, 16), 40.0 * std::pow(5.0, 1.5)));
    CHECK(ch9::frequencies(fields, 6, 16)(0) == 1.0f);  // the highest frequency stays
    CHECK(ch9::frequencies(fields, 6, 16)(2) < ch9::frequencies(fields, 6, 8)(2));

    fields.scaling->type = "longrope";
    fields.short_factor = {1.0, 1.5, 2.0};
    fields.long_factor = {1.0, 3.0, 8.0};
    const Vector near = ch9::frequencies(fields, 6, 8), far = ch9::frequencies(fields, 6, 9);
    CHECK(near(0) == far(0));
    CHECK(near(1) == 2.0f * far(1));
    CHECK(near(2) == 4.0f * far(2));
}

TEST_CASE("chapter 9, ALiBi: slopes, also for head counts that are no power of two") {
    const auto powers = [](std::size_t n_heads) {
        std::vector<float> all;
        for (const float slope : ch9::alibi_slopes(n_heads)) all.push_back(-std::log2(slope));
        return all;
    };
    CHECK(powers(1) == std::vector<float>{8});
    CHECK(powers(2) == std::vector<float>{4, 8});
    CHECK(powers(3) == std::vector<float>{4, 8, 2});
    CHECK(powers(6) == std::vector<float>{2, 4, 6, 8, 1, 3});
    CHECK(powers(8) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(powers(12) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 0.5f, 1.5f, 2.5f, 3.5f});

    const Tensor4 zeros = xt::zeros<float>({std::size_t{1}, std::size_t{6}, std::size_t{2}, std::size_t{4}});
    const Tensor4 biased = ch9::add_alibi(zeros, 5, 3);
    CHECK(biased(0, 0, 0, 0) == -2.0f * 0.25f);  // position 5 looks at position 3
    CHECK(biased(0, 4, 1, 3) == 0.0f);           // 6 at itself
    CHECK(biased(0, 4, 1, 0) == -3.0f * 0.5f);
}

TEST_CASE("chapter 9, T5: buckets of distances") {
    // From T5Attention._relative_position_bucket of transformers 4.57, with 32 buckets up to 128.
    const std::vector<std::size_t> distances = {0, 1, 7, 8, 11, 12, 15, 16, 20, 31, 64, 127, 128, 1000};
    const auto buckets = [&](bool both_ways, bool ahead) {
        std::vector<std::size_t> all;
        for (const std::size_t distance : distances) {
            const std::size_t query = ahead ? 3 : 2000, key = ahead ? 3 + distance : 2000 - distance;
            all.push_back(ch9::distance_bucket(query, key, {32, 128}, both_ways));
        }
        return all;
    };
    using Buckets = std::vector<std::size_t>;
    CHECK(buckets(true, false) == Buckets{0, 1, 7, 8, 8, 9, 9, 10, 10, 11, 14, 15, 15, 15});
    CHECK(buckets(true, true) == Buckets{0, 17, 23, 24, 24, 25, 25, 26, 26, 27, 30, 31, 31, 31});
    CHECK(buckets(false, false) == Buckets{0, 1, 7, 8, 11, 12, 15, 16, 17, 21, 26, 31, 31, 31});
    CHECK(buckets(false, true) == Buckets(distances.size(), 0));
}

TEST_CASE("chapter 9, sinks: rows sum to less than 1, by the sink's weight") {
    const Recipe recipe = with([](Recipe& r) { r.sinks = true; });
    ch9::Weights weights = weights_of(recipe);
    const Tensor3 x = x_of(6);
    const ch9::Trace with_sinks = at_once(recipe, x, weights), without = at_once(plain(), x, weights);
    const auto sum = [](const Tensor4& rows, std::size_t h) {
        double total = 0.0;
        for (std::size_t j = 0; j < tokens; ++j) total += static_cast<double>(rows(1, h, 8, j));
        return total;
    };
    for (std::size_t h = 0; h < heads; ++h) {
        double keys = 0.0;
        for (std::size_t j = 0; j <= 8; ++j) {
            keys += std::exp(static_cast<double>(with_sinks.masked(1, h, 8, j)));
        }
        const double sink = std::exp(static_cast<double>(weights.sinks(h)));
        CHECK(is_near(sum(with_sinks.attn_weights, h), keys / (keys + sink)));
        CHECK(is_near(sum(without.attn_weights, h), 1.0));
    }
    weights.sinks.fill(-1000.0f);  // a sink that nothing falls into
    CHECK(largest_difference(at_once(recipe, x, weights).output, without.output) < 1e-6f);
    weights.sinks.fill(1000.0f);  // and one that takes all
    CHECK(largest_difference(at_once(recipe, x, weights).combined,
                             Tensor3(xt::zeros_like(without.combined))) == 0.0f);
}

TEST_CASE("chapter 9, soft cap: bounds, order and small scores") {
    const Tensor4 scores = torch::view<4>(random_batch(7, 2, 3, 20), {2, 3, 4, 5});
    const Tensor4 capped = ch9::soft_cap(Tensor4(100.0f * scores), 5.0f);
    for (std::size_t i = 0; i < scores.size(); ++i) {
        CHECK(std::abs(capped.data()[i]) <= 5.0f);
        CHECK((capped.data()[i] > 0.0f) == (scores.data()[i] > 0.0f));
    }
    CHECK(largest_difference(ch9::soft_cap(Tensor4(0.001f * scores), 5.0f), Tensor4(0.001f * scores)) <
          1e-8f);

    // After the scale: the cap bounds what the softmax sees.
    const Recipe recipe = with([](Recipe& r) {
        r.soft_cap = 1.5f;
        r.scale = 3.0f;
    });
    const ch9::Trace trace = at_once(recipe, x_of(8), weights_of(recipe));
    for (std::size_t i = 0; i < trace.capped.size(); ++i) {
        CHECK(is_near(static_cast<double>(trace.capped.data()[i]),
                      1.5 * std::tanh(static_cast<double>(trace.attn_scores.data()[i]) / 1.5)));
    }
}

TEST_CASE("chapter 9, output gate: 0 halves a head, far below 0 switches it off") {
    const Recipe recipe = with([](Recipe& r) { r.output_gate = true; });
    ch9::Weights weights = weights_of(recipe);
    // Rows: for each head its query, then its gate.
    const auto set_gate = [&](float bias) {
        weights.q.bias = Vector(xt::zeros<float>({2 * heads * head_dim}));
        for (std::size_t h = 0; h < heads; ++h) {
            for (std::size_t i = 0; i < head_dim; ++i) {
                const std::size_t row = (2 * h + 1) * head_dim + i;
                (*weights.q.bias)(row) = bias;
                xt::view(weights.q.weight, row) = 0.0f;
            }
        }
    };
    set_gate(0.0f);
    const ch9::Trace half = at_once(recipe, x_of(9), weights);
    CHECK(exact(half.gated) == exact(Tensor3(half.combined / 2.0f)));
    set_gate(-200.0f);
    const Tensor3 shut = at_once(recipe, x_of(9), weights).gated;
    CHECK(largest_difference(shut, Tensor3(xt::zeros_like(shut))) == 0.0f);
}

TEST_CASE("chapter 9, projections: fused rows in either order, and transposed, are the same numbers") {
    const Recipe apart = with([](Recipe& r) { r.n_kv_heads = heads; });
    ch9::Weights weights = weights_of(apart);
    weights.k = linear(21, heads * head_dim, dim);
    weights.v = linear(22, heads * head_dim, dim);
    for (auto* layer : {&weights.q, &weights.k, &weights.v}) {
        layer->bias = torch::view<1>(random_matrix(23, 1, heads * head_dim), {heads * head_dim});
    }
    const Tensor3 x = x_of(10), expected = at_once(apart, x, weights).output;

    const ch2::Linear* parts[] = {&weights.q, &weights.k, &weights.v};
    Matrix rows = Matrix::from_shape({3 * heads * head_dim, dim});
    Vector bias = Vector::from_shape({3 * heads * head_dim});
    for (const bool by_heads : {false, true}) {
        for (std::size_t part = 0; part < 3; ++part) {
            for (std::size_t row = 0; row < heads * head_dim; ++row) {
                const std::size_t h = row / head_dim, i = row % head_dim,
                                  to = by_heads ? (3 * h + part) * head_dim + i
                                                : part * heads * head_dim + row;
                xt::view(rows, to) = torch::select(parts[part]->weight, row);
                bias(to) = (*parts[part]->bias)(row);
            }
        }
        Recipe recipe = apart;
        recipe.projections = by_heads ? ch9::Projections::heads : ch9::Projections::blocks;
        weights.qkv = {rows, bias};
        CHECK(largest_difference(at_once(recipe, x, weights).output, expected) < 1e-5f);

        recipe.conv1d = true;
        ch9::Weights transposed = weights;
        transposed.qkv.weight = torch::transpose(rows);
        transposed.o.weight = torch::transpose(weights.o.weight);
        CHECK(largest_difference(at_once(recipe, x, transposed).output, expected) < 1e-5f);
    }
}

TEST_CASE("chapter 9, norms: what each makes of a row") {
    const Tensor3 x = 3.0f * x_of(24) + 1.0f;
    const Tensor3 normed = ch9::layer_norm(x, 0.0f);
    double mean = 0.0, square = 0.0;
    for (std::size_t i = 0; i < dim; ++i) {
        mean += static_cast<double>(normed(1, 4, i)) / static_cast<double>(dim);
        square += static_cast<double>(normed(1, 4, i) * normed(1, 4, i)) / static_cast<double>(dim);
    }
    CHECK(std::abs(mean) < 1e-6);
    CHECK(std::abs(square - 1.0) < 1e-5);

    // A model that stores weight - 1 gives the same as one that stores the weight.
    const Vector weight = torch::view<1>(random_matrix(25, 1, dim), {dim});
    const ch9::Norm rms, stored_less = {.one_plus_weight = true};
    CHECK(largest_difference(ch9::norm_tokens(x, rms, Vector(weight + 1.0f), {}),
                             ch9::norm_tokens(x, stored_less, weight, {})) < 1e-6f);

    // After QK norm, the size of a query does not count.
    const Recipe recipe = with([](Recipe& r) { r.qk_norm = ch9::QkNorm{{.eps = 0.0f}}; });
    ch9::Weights weights = weights_of(recipe);
    const Tensor4 before = at_once(recipe, x, weights).attn_weights;
    weights.q.weight *= 500.0f;
    weights.k.weight *= 0.01f;
    CHECK(largest_difference(at_once(recipe, x, weights).attn_weights, before) < 1e-5f);
}

TEST_CASE("chapter 9, both ways: padding is seen by nobody, and the text comes at once") {
    const Recipe recipe = with([](Recipe& r) {
        r.mask.causal = false;
        r.rope.reset();
    });
    const ch9::Weights weights = weights_of(recipe);
    ch3::MaskMatrix is_text = xt::ones<bool>({batch, tokens});
    for (std::size_t j = 8; j < tokens; ++j) is_text(1, j) = false;
    const auto run = [&](const Tensor3& x) {
        ch9::Cache cache(recipe, batch, tokens);
        return ch9::attention(x, weights, recipe, cache, 0, is_text);
    };
    const Tensor3 x = x_of(26);
    Tensor3 changed = x;
    xt::view(changed, 1, xt::range(8, tokens)) = 50.0f;
    const ch9::Trace a = run(x), b = run(changed);
    CHECK(a.attn_weights(1, 2, 3, 9) == 0.0f);
    CHECK(a.attn_weights(0, 2, 3, 9) > 0.0f);
    CHECK(a.attn_weights(1, 2, 3, 7) > 0.0f);  // later, and seen
    CHECK(exact(torch::narrow(a.output, 1, 0, 8)) == exact(torch::narrow(b.output, 1, 0, 8)));

    ch9::Cache cache(recipe, batch, tokens);
    CHECK_THROWS_AS(ch9::attention(x, weights, recipe, cache, 1), std::invalid_argument);
}
