#include <cmath>

#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/02_trainable_weights/scaling.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

TEST_CASE("Linear, by hand: rows of the weight make outputs") {
    const ch2::Linear linear{{{1, 0, 2}, {0, 3, 0}}, Vector{10, 20}};
    CHECK(exact(linear(Matrix{{1, 2, 3}, {4, 5, 6}})) == exact(Matrix{{17, 26}, {26, 35}}));
    CHECK(exact(linear(Tensor3{{{1, 2, 3}}, {{4, 5, 6}}})) == exact(Tensor3{{{17, 26}}, {{26, 35}}}));

    const ch2::Linear without_bias{linear.weight, {}};
    CHECK(exact(without_bias(Matrix{{1, 2, 3}})) == exact(Matrix{{7, 6}}));
}

TEST_CASE("Linear refuses an input of another width and names the shapes") {
    const ch2::Linear linear{random_matrix(1, 2, 3), {}};
    CHECK_THROWS_AS(linear(random_matrix(1, 5, 2)), std::invalid_argument);
}

TEST_CASE("a random Linear stays within 1/sqrt(in) and uses the room") {
    torch::Generator generator(5);
    const ch2::Linear linear = ch2::random_linear(generator, 16, 50, true);
    CHECK(xt::amax(linear.weight)() <= 0.25f);
    CHECK(xt::amin(linear.weight)() >= -0.25f);
    CHECK(xt::amax(linear.weight)() > 0.24f);
    CHECK(linear.weight.shape() == (std::array<std::size_t, 2>{50, 16}));
    CHECK(linear.bias->size() == 50);
}

TEST_CASE("chapter 2: every tensor against plain loops in double") {
    // The width of a key differs from the width of an embedding and from the number of tokens.
    const Matrix x = random_matrix(6, 7, 4);
    const ch2::LinearWeights weights = strong_weights(7, 4, 3);
    const ch2::Trace trace = ch2::self_attention(x, weights);

    CHECK(exact(trace.queries) == exact(weights.query(x)));
    CHECK(exact(trace.keys) == exact(weights.key(x)));
    CHECK(exact(trace.values) == exact(weights.value(x)));
    for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 7; ++j) {
            double score = 0.0;
            for (std::size_t c = 0; c < 3; ++c)
                score += double{trace.queries(i, c)} * double{trace.keys(j, c)};
            CHECK(std::abs(score - double{trace.attn_scores(i, j)}) < 1e-5);
        }
    }
    const Vector sums = xt::sum(trace.attn_weights, {1});
    CHECK(largest_difference(sums, Vector(xt::ones<float>({7}))) < 1e-6f);
    const Matrix expected = attention_in_double(trace.queries, trace.keys, trace.values, 3.0, false);
    CHECK(largest_difference(trace.context_vec, expected) < close_to_double);
}

TEST_CASE("chapter 2: Parameter and Linear agree on transposed weights") {
    const Matrix x = random_matrix(8, 5, 4);
    const ch2::LinearWeights layers = strong_weights(9, 4, 3);
    const ch2::Weights parameters{torch::transpose(layers.query.weight), torch::transpose(layers.key.weight),
                                  torch::transpose(layers.value.weight)};
    CHECK(largest_difference(ch2::self_attention(x, parameters).context_vec,
                             ch2::self_attention(x, layers).context_vec) < close_to_double);
}

TEST_CASE("chapter 2: weights are drawn in the order query, key, value") {
    torch::Generator together(11), one_by_one(11);
    const ch2::LinearWeights weights = ch2::random_linear_weights(together, 5, 3);
    CHECK(exact(weights.query.weight) == exact(ch2::random_linear(one_by_one, 5, 3).weight));
    CHECK(exact(weights.key.weight) == exact(ch2::random_linear(one_by_one, 5, 3).weight));
    CHECK(exact(weights.value.weight) == exact(ch2::random_linear(one_by_one, 5, 3).weight));

    together.manual_seed(11);
    one_by_one.manual_seed(11);
    const ch2::Weights parameters = ch2::random_weights(together, 5, 3);
    CHECK(exact(parameters.query) == exact(torch::rand(one_by_one, 5, 3)));
    CHECK(exact(parameters.key) == exact(torch::rand(one_by_one, 5, 3)));
    CHECK(exact(parameters.value) == exact(torch::rand(one_by_one, 5, 3)));
}

TEST_CASE("chapter 2, solvable by hand: a query so large that softmax picks one key") {
    const Matrix x = {{1, 0}, {0, 1}, {1, 1}};
    const ch2::Weights weights{{{1e4f, 0}, {0, 1e4f}}, {{1, -1}, {-1, 1}}, {{1, 2, 3}, {4, 5, 6}}};
    const ch2::Trace trace = ch2::self_attention(x, weights);
    // Token 0 finds token 0, token 1 finds token 1, token 2 scores all alike.
    CHECK(exact(trace.attn_weights) == exact(Matrix{{1, 0, 0}, {0, 1, 0}, {1 / 3.0f, 1 / 3.0f, 1 / 3.0f}}));
    CHECK(exact(torch::select(trace.context_vec, 0)) == exact(Vector{1, 2, 3}));
    CHECK(exact(torch::select(trace.context_vec, 1)) == exact(Vector{4, 5, 6}));
}

TEST_CASE("the scaling experiment: variance d_k without the scale, 1 with it") {
    torch::Generator generator(12);
    const auto results = ch2::scaling_experiment(generator, {4, 256}, 500, 500);
    REQUIRE(results.size() == 2);
    CHECK(std::abs(results[0].score_variance / 4.0 - 1.0) < 0.2);
    CHECK(std::abs(results[1].score_variance / 256.0 - 1.0) < 0.2);
    CHECK(std::abs(results[1].scaled_variance - 1.0) < 0.2);
    CHECK(results[1].largest_weight > 0.8);
    CHECK(results[1].scaled_largest_weight < 0.2);
}
