#include "common/exercise/check.hpp"

#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/mistakes.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/05_grouped_query_attention/exercises/4_the_mask_after_a_cache/attn_weights.cpp"
}

using namespace exercise;

Matrix attn_weights(const Matrix& scores);
Matrix fixture();

namespace {

Matrix expected(const Matrix& scores) {
    const std::size_t tokens = scores.shape(0);
    return ch3::masked_softmax(
        ch3::masked_fill(scores, ch5::future_mask(tokens, scores.shape(1) - tokens), ch3::True::hides));
}

// Masks from key start_pos + i + `further` on.
Matrix masked_from(const Matrix& scores, std::size_t further) {
    const std::size_t start_pos = scores.shape(1) - scores.shape(0);
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        for (std::size_t j = start_pos + i + further; j < scores.shape(1); ++j)
            masked(i, j) = -std::numeric_limits<float>::infinity();
    }
    return ch1::softmax(masked);
}

void check_scores(const Matrix& scores) {
    check_tensor(
        "attn_weights", answer([&] { return attn_weights(scores); }), expected(scores), {"T", "S"},
        {{"mask-without-start-pos",
          "the mask starts at position 0, so new token i sees the keys 0 to i only and loses cached ones",
          "query i is at position S - T + i", [&] { return shipped::attn_weights(scores); }},
         cause_of(ch5::mistakes(), "mask-missing", [&] { return ch1::softmax(scores); }),
         cause_of(ch5::mistakes(), "mask-off-by-one", [&] { return masked_from(scores, 0); }),
         cause_of(
             ch5::mistakes(), "mask-off-by-one", [&] { return masked_from(scores, 2); }, 1)});
}

}  // namespace

TEST("the friendly test: four tokens without a cache") {
    const Matrix scores = random_tensor<2>(64, {4, 4});
    given("scores", scores);
    check_scores(scores);
}

TEST("the check's fixture: three new tokens after four cached ones") {
    const Matrix scores = random_tensor<2>(65, {3, 7});
    given("scores", scores);
    check_scores(scores);
}

TEST("one new token sees everything") {
    const Matrix scores = random_tensor<2>(66, {1, 5});
    given("scores", scores);
    check_scores(scores);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix scores = answer([] { return fixture(); });
    given("your fixture", scores);
    check_that(scores.shape(0) >= 1 && scores.shape(0) <= scores.shape(1),
               "the fixture has a row or more, and at least as many columns as rows");
    check_fixture(shipped::attn_weights(scores), expected(scores),
                  "the fixture has as many columns as rows, so no token is in the cache");
    check_scores(scores);
}
