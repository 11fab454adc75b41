#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/03_causal_mask_and_dropout/exercises/8_nothing_to_attend_to/masked_softmax.cpp"
}

using namespace exercise;

Matrix masked_softmax(const Matrix& masked_scores);
Matrix fixture();

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The right softmax of the scores that `replace` gives, one by one.
template <class Replace>
Matrix softmax_with(const Matrix& scores, Replace replace) {
    Matrix replaced = scores;
    for (float& score : replaced) score = replace(score);
    return ch1::softmax(replaced);
}

Matrix without_nan(Matrix weights) {
    for (float& weight : weights) weight = std::isnan(weight) ? 0.0f : weight;
    return weights;
}

void check_scores(const Matrix& scores) {
    check_tensor(
        "attn_weights", answer([&] { return masked_softmax(scores); }), ch3::masked_softmax(scores),
        {"T", "S"},
        {{"row-of-nan", "a row of only -inf still gives NaN", "which line computes the first NaN of this row",
          [&] { return shipped::masked_softmax(scores); }},
         {"masked-row-uniform",
          "the masked scores are a finite number, so a row of only masked keys gives each the same weight",
          "such a row must be zeros: no token may take the mean of masked values",
          [&] {
              return softmax_with(scores, [](float score) { return score == -infinity ? -1e9f : score; });
          }},
         {"nan-hidden", "every NaN becomes 0, also one that was in the scores",
          "test for a row of only -inf, not for NaN", [&] { return without_nan(ch1::softmax(scores)); }}});
}

Matrix with_masked_keys(std::uint64_t seed, const std::vector<std::vector<std::size_t>>& masked_keys) {
    Matrix scores = random_tensor<2>(seed, {masked_keys.size(), 5});
    for (std::size_t i = 0; i < masked_keys.size(); ++i)
        for (const std::size_t j : masked_keys[i]) scores(i, j) = -infinity;
    return scores;
}

}  // namespace

TEST("the friendly test: a causal mask, so each token sees itself") {
    const Matrix scores =
        ch3::masked_fill(random_tensor<2>(387, {4, 4}), ch3::future_mask(4), ch3::True::hides);
    given("masked scores", scores);
    check_scores(scores);
}

TEST("the check's fixture: the rows 1 and 3 have nothing to attend to") {
    const Matrix scores = with_masked_keys(388, {{3, 4}, {0, 1, 2, 3, 4}, {}, {0, 1, 2, 3, 4}});
    given("masked scores", scores);
    check_scores(scores);
}

TEST("large scores beside -inf") {
    const Matrix scores = 40.0f * with_masked_keys(389, {{0}, {1, 2, 3, 4}, {0, 1, 2, 3, 4}});
    given("masked scores", scores);
    check_scores(scores);
}

TEST("a NaN in a score gives NaN") {
    Matrix scores = with_masked_keys(3891, {{}, {0, 1, 2, 3, 4}, {}});
    scores(0, 2) = std::numeric_limits<float>::quiet_NaN();
    given("masked scores", scores);
    check_scores(scores);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix scores = answer([] { return fixture(); });
    given("your fixture", scores);
    check_that(scores.size() >= 1 && scores.size() <= 10000, "the fixture has 1 to 10000 scores");
    check_fixture(shipped::masked_softmax(scores), ch3::masked_softmax(scores),
                  "each row of this fixture has a score that is not -inf");
    check_scores(scores);
}
