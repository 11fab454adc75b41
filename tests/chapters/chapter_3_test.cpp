#include <cmath>
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
const ch3::Dropout no_dropout{0.0};

ch3::Trace attention(const Tensor3& x, const ch2::LinearWeights& weights) {
    torch::Generator generator(0);
    return ch3::causal_attention(x, weights, no_dropout, generator);
}

}  // namespace

TEST_CASE("the masks, by hand") {
    const ch3::MaskMatrix future = ch3::future_mask(3);
    CHECK(std::vector<bool>(future.begin(), future.end()) ==
          std::vector<bool>{false, true, true, false, false, true, false, false, false});
    CHECK(exact(ch3::mask_simple(3)) == exact(Matrix{{1, 0, 0}, {1, 1, 0}, {1, 1, 1}}));

    const Matrix scores = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
    CHECK(exact(ch3::masked_fill(scores, ch3::future_mask(3), ch3::True::hides)) ==
          exact(Matrix{{1, -inf, -inf}, {4, 5, -inf}, {7, 8, 9}}));
    CHECK(exact(ch3::masked_fill(scores, ch3::future_mask(3), ch3::True::keeps)) ==
          exact(Matrix{{-inf, 2, 3}, {-inf, -inf, 6}, {-inf, -inf, -inf}}));
}

TEST_CASE("renormalised weights are the weights of masked scores") {
    const Matrix scores = 3.0f * random_matrix(1, 7, 7);
    const Matrix cut = ch1::softmax(scores) * ch3::mask_simple(7);
    const Matrix masked = ch3::masked_fill(scores, ch3::future_mask(7), ch3::True::hides);
    const Matrix weights = ch3::masked_softmax(masked);
    CHECK(largest_difference(ch3::renormalize(cut), weights) < 1e-6f);

    const Vector sums = xt::sum(weights, {1});
    CHECK(largest_difference(sums, Vector(xt::ones<float>({7}))) < 1e-6f);
    CHECK(weights(0, 0) == 1.0f);
    CHECK(weights(3, 4) == 0.0f);
}

TEST_CASE("a row that may look at nobody: NaN from softmax, zeros from ours") {
    const Matrix masked = {{-inf, -inf}, {1, 1}};
    CHECK(std::isnan(ch1::softmax(masked)(0, 0)));
    CHECK(exact(ch3::masked_softmax(masked)) == exact(Matrix{{0, 0}, {0.5f, 0.5f}}));
}

TEST_CASE("masked_softmax hides no NaN that somebody may see") {
    const Matrix weights = ch3::masked_softmax(Matrix{{not_a_number, -inf}, {1, 1}});
    CHECK(std::isnan(weights(0, 0)));
    CHECK(weights(1, 1) == 0.5f);
}

TEST_CASE("chapter 3: every sequence of a batch against plain loops in double") {
    const Tensor3 x = random_batch(2, 2, 5, 4);
    const ch2::LinearWeights weights = strong_weights(3, 4, 3);
    const ch3::Trace trace = attention(x, weights);
    for (std::size_t b = 0; b < 2; ++b) {
        const Matrix expected =
            attention_in_double(torch::select(trace.queries, b), torch::select(trace.keys, b),
                                torch::select(trace.values, b), 3.0, true);
        CHECK(largest_difference(torch::select(trace.context_vec, b), expected) < close_to_double);
    }
    CHECK(exact(trace.dropped) == exact(trace.attn_weights));
}

TEST_CASE("chapter 3: causality to the bit, at every place and in each sequence") {
    const ch2::LinearWeights weights = strong_weights(4, 4, 3);
    const Matrix first = random_matrix(5, 6, 4), second = random_matrix(6, 6, 4);
    const Tensor3 before = attention(torch::stack(first, second), weights).context_vec;

    for (std::size_t token = 0; token < 6; ++token) {
        CAPTURE(token);
        const Matrix changed = ch3::perturb_token(second, token);
        const Tensor3 after = attention(torch::stack(first, changed), weights).context_vec;

        // The other sequence notices nothing, and this one nothing before the changed token.
        CHECK(ch3::rows_changed(torch::select(before, 0), torch::select(after, 0)) ==
              std::vector<bool>(6, false));
        std::vector<bool> expected(6, false);
        for (std::size_t i = token; i < 6; ++i) expected[i] = true;
        CHECK(ch3::rows_changed(torch::select(before, 1), torch::select(after, 1)) == expected);
    }
}

TEST_CASE("chapter 3: without the mask everybody notices") {
    const ch2::LinearWeights weights = strong_weights(4, 4, 3);
    const Matrix x = random_matrix(5, 6, 4);
    const Matrix before = ch2::self_attention(x, weights).context_vec;
    const Matrix after = ch2::self_attention(ch3::perturb_token(x, 5), weights).context_vec;
    CHECK(ch3::rows_changed(before, after) == std::vector<bool>(6, true));
}

TEST_CASE("chapter 3, poison: a NaN in hidden scores goes nowhere") {
    Matrix scores = random_matrix(7, 4, 4);
    scores(1, 2) = not_a_number;
    scores(0, 3) = inf;
    const Matrix masked = ch3::masked_fill(scores, ch3::future_mask(4), ch3::True::hides);
    const Matrix weights = ch3::masked_softmax(masked);
    CHECK_FALSE(xt::any(xt::isnan(weights)));
}

TEST_CASE("chapter 3: a sequence of one token is its own value") {
    const Tensor3 x = random_batch(8, 2, 1, 4);
    const ch2::LinearWeights weights = strong_weights(9, 4, 3);
    CHECK(exact(attention(x, weights).context_vec) == exact(weights.value(x)));
}

TEST_CASE("dropout takes away, scales what stays, and only in training") {
    torch::Generator generator(10);
    const Matrix x = random_matrix(11, 20, 30);
    const Matrix dropped = ch3::Dropout{0.3}(x, generator);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float value = dropped.data()[i];
        if (value == 0.0f) continue;
        CHECK(value == x.data()[i] * (1.0f / 0.7f));
        ++kept;
    }
    CHECK(kept > 360);
    CHECK(kept < 480);

    CHECK(exact(ch3::Dropout{0.3, ch3::Mode::eval}(x, generator)) == exact(x));
    CHECK(exact(ch3::Dropout{0.0}(x, generator)) == exact(x));
    CHECK(exact(ch3::Dropout{1.0}(x, generator)) == exact(Matrix(x * 0.0f)));
}

TEST_CASE("dropout that takes nothing away draws nothing") {
    torch::Generator used(12), fresh(12);
    const Matrix x = random_matrix(13, 3, 3);
    ch3::Dropout{0.0}(x, used);
    ch3::Dropout{0.5, ch3::Mode::eval}(x, used);
    CHECK(used.draw32() == fresh.draw32());
}

TEST_CASE("dropout refuses a share that is none") {
    torch::Generator generator(14);
    const Matrix x = random_matrix(15, 2, 2);
    CHECK_THROWS_AS(ch3::Dropout{1.5}(x, generator), std::invalid_argument);
    CHECK_THROWS_AS(ch3::Dropout{-0.1}(x, generator), std::invalid_argument);
    CHECK_THROWS_AS(ch3::Dropout{std::nan("")}(x, generator), std::invalid_argument);
}

TEST_CASE("chapter 3: dropout acts on the weights, before the values are mixed") {
    const Tensor3 x = random_batch(16, 2, 5, 4);
    const ch2::LinearWeights weights = strong_weights(17, 4, 3);
    torch::Generator generator(18), same(18);
    const ch3::Trace trace = ch3::causal_attention(x, weights, {0.5}, generator);
    CHECK(exact(trace.dropped) == exact(ch3::Dropout{0.5}(trace.attn_weights, same)));
    CHECK(exact(trace.dropped) != exact(trace.attn_weights));
    CHECK(exact(trace.context_vec) == exact(torch::matmul(trace.dropped, trace.values)));
}
