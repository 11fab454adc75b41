#include <cmath>
#include <limits>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace {
constexpr float inf = std::numeric_limits<float>::infinity();
}

TEST_CASE("softmax, by hand") {
    // exp(0) : exp(ln 2) : exp(ln 5) = 1 : 2 : 5
    const Vector weights = ch1::softmax(Vector{0.0f, std::log(2.0f), std::log(5.0f)});
    CHECK(largest_difference(weights, Vector{0.125f, 0.25f, 0.625f}) < 1e-7f);
}

TEST_CASE("softmax rows are shares, whatever the rank") {
    const Tensor3 scores = 20.0f * random_batch(1, 2, 5, 7);
    const Tensor3 weights = ch1::softmax(scores);
    const Matrix sums = xt::sum(weights, {2});
    CHECK(largest_difference(sums, Matrix(xt::ones<float>({2, 5}))) < 1e-6f);
    CHECK(xt::amin(weights)() >= 0.0f);

    // Each row alone gives the same: no row looks at another.
    const Matrix second = torch::select(scores, 1);
    CHECK(exact(torch::select(weights, 1)) == exact(ch1::softmax(second)));
    CHECK(exact(torch::select(torch::select(weights, 1), 3)) ==
          exact(ch1::softmax(torch::select(second, 3))));
}

TEST_CASE("softmax does not mind a constant, the naive form agrees while it can") {
    const Vector scores = torch::select(random_matrix(2, 1, 9), 0);
    CHECK(largest_difference(ch1::softmax(scores), ch1::naive_softmax(scores)) < 1e-7f);
    CHECK(largest_difference(ch1::softmax(scores), ch1::softmax(Vector(scores + 1000.0f))) < 1e-5f);

    const Vector large = {100.0f, 90.0f};
    CHECK(std::isnan(ch1::naive_softmax(large)(0)));
    CHECK(largest_difference(ch1::softmax(large), Vector{0.9999546f, 4.539787e-5f}) < 1e-7f);
}

TEST_CASE("softmax of infinities") {
    CHECK(exact(ch1::softmax(Vector{-inf, 3.0f, -inf})) == exact(Vector{0.0f, 1.0f, 0.0f}));
    CHECK(std::isnan(ch1::softmax(Vector{-inf, -inf})(0)));
}

TEST_CASE("chapter 1: one word by loops is one row of the matrix form") {
    const Matrix x = random_matrix(3, 5, 4);
    const ch1::Trace all = ch1::self_attention(x);
    for (std::size_t i = 0; i < 5; ++i) {
        const ch1::QueryTrace one = ch1::attend(x, i);
        CHECK(exact(one.query) == exact(torch::select(x, i)));
        CHECK(largest_difference(one.attn_scores, torch::select(all.attn_scores, i)) < close_to_double);
        CHECK(largest_difference(one.attn_weights, torch::select(all.attn_weights, i)) < close_to_double);
        CHECK(largest_difference(one.context_vec, torch::select(all.context_vecs, i)) < close_to_double);
    }
    CHECK(largest_difference(all.attn_scores, ch1::attn_scores_by_loops(x)) < close_to_double);
    CHECK(largest_difference(all.context_vecs, attention_in_double(x, x, x, 1.0, false)) < close_to_double);
}

TEST_CASE("chapter 1: permuting the words permutes the context vectors") {
    const Matrix x = random_matrix(4, 5, 3);
    const std::array<std::size_t, 5> order = {3, 0, 4, 1, 2};
    Matrix permuted = x;
    for (std::size_t i = 0; i < 5; ++i) xt::view(permuted, i) = torch::select(x, order[i]);

    const Matrix context = ch1::self_attention(x).context_vecs;
    const Matrix of_permuted = ch1::self_attention(permuted).context_vecs;
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(largest_difference(torch::select(of_permuted, i), torch::select(context, order[i])) <
              close_to_double);
    }
}

TEST_CASE("chapter 1, solvable by hand: words so large that each sees only itself") {
    const Matrix x = {{1000, 0, 0}, {0, 2000, 0}};
    const ch1::Trace trace = ch1::self_attention(x);
    CHECK(exact(trace.attn_weights) == exact(Matrix{{1, 0}, {0, 1}}));
    CHECK(exact(trace.context_vecs) == exact(x));
}

TEST_CASE("chapter 1: a sentence of one word is its own context") {
    const Matrix x = {{0.5f, -1.5f, 2.0f, 0.25f}};
    CHECK(exact(ch1::self_attention(x).context_vecs) == exact(x));
}
