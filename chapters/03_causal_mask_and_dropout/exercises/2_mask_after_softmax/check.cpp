#include "common/exercise/check.hpp"

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/03_causal_mask_and_dropout/exercises/2_mask_after_softmax/causal_weights.cpp"
}

using namespace exercise;

Matrix causal_weights(const Matrix& scores);
Matrix fixture();

namespace {

Matrix expected(const Matrix& scores) {
    return ch3::masked_softmax(ch3::masked_fill(scores, ch3::future_mask(scores.shape(0)), ch3::True::hides));
}

void check_scores(const Matrix& scores) {
    check_tensor(
        "attn_weights", answer([&] { return causal_weights(scores); }), expected(scores), {"T", "S"},
        {cause_of(ch3::mistakes(), "mask-after-softmax-not-renormalised",
                  [&] { return shipped::causal_weights(scores); }),
         cause_of(ch3::mistakes(), "softmax-twice",
                  [&] { return ch1::softmax(shipped::causal_weights(scores)); }),
         {"mask-zero-instead-of-inf", "a later score is 0 instead of -inf, and exp(0) = 1 gives it weight",
          "-std::numeric_limits<float>::infinity()",
          [&] { return ch1::softmax(ch3::future_filled(scores, 0.0f)); }}});
}

}  // namespace

TEST("the friendly test: no token attends to a later one") {
    const Matrix scores = random_tensor<2>(34, {4, 4});
    given("scores", scores);
    const Matrix weights = answer([&] { return causal_weights(scores); });
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = i + 1; j < 4; ++j)
            check_that(weights(i, j) == 0.0f, "a later key has the weight 0");
    }
}

TEST("the check's fixture: seven tokens") {
    const Matrix scores = random_tensor<2>(35, {7, 7});
    given("scores", scores);
    check_scores(scores);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix scores = answer([] { return fixture(); });
    given("your fixture", scores);
    check_that(scores.shape(0) == scores.shape(1), "the fixture has as many rows as columns");
    check_fixture(shipped::causal_weights(scores), expected(scores),
                  "the later keys have no weight on these scores, or there are none");
    check_scores(scores);
}
