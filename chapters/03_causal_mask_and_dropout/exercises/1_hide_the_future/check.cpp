#include "common/exercise/check.hpp"

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"

using namespace exercise;

Matrix hide_the_future(const Matrix& scores);

namespace {

// The scores with -inf where `mask` is True.
AnyTensor masked_by(const Matrix& scores, const ch3::MaskMatrix& mask) {
    return ch3::masked_fill(scores, mask, ch3::True::hides);
}

void check_scores(const Matrix& scores) {
    const std::size_t tokens = scores.shape(0);
    const Mistakes table = ch3::mistakes();
    given("scores", scores);
    check_tensor(
        "masked", answer([&] { return hide_the_future(scores); }),
        masked_by(scores, ch3::future_mask(tokens)), {"T", "S"},
        {cause_of(table, "mask-missing", [&] { return scores; }),
         cause_of(table, "mask-inverted",
                  [&] { return ch3::masked_fill(scores, ch3::future_mask(tokens), ch3::True::keeps); }),
         cause_of(table, "mask-off-by-one",
                  [&] { return masked_by(scores, ch3::mask_from_diagonal(tokens, 0)); }),
         cause_of(
             table, "mask-off-by-one", [&] { return masked_by(scores, ch3::mask_from_diagonal(tokens, 2)); },
             1),
         cause_of(table, "mask-zero-instead-of-inf", [&] { return ch3::future_filled(scores, 0.0f); }),
         cause_of(table, "mask-large-number", [&] { return ch3::future_filled(scores, -1e9f); })});
}

}  // namespace

TEST("five tokens") {
    check_scores(random_tensor<2>(31, {5, 5}));
}

TEST("one token sees itself") {
    check_scores(random_tensor<2>(32, {1, 1}));
}

TEST("eleven tokens, with large scores") {
    const Matrix scores = 1e10f * random_tensor<2>(33, {11, 11});
    check_scores(scores);
}
