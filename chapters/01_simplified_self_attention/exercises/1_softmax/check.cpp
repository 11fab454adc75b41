#include "common/exercise/check.hpp"

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"

using namespace exercise;

Matrix softmax(const Matrix& scores);

namespace {

Matrix without_maximum(const Matrix& scores) {
    const Matrix powers = xt::exp(scores);
    const Matrix totals = xt::sum(powers, {1}, xt::keep_dims);
    return powers / totals;
}

Matrix with_the_maximum_of_all(const Matrix& scores) {
    const float largest = xt::amax(scores)();
    const Matrix shifted = scores - largest;
    return without_maximum(shifted);
}

Matrix without_exp(const Matrix& scores) {
    const Matrix totals = xt::sum(scores, {1}, xt::keep_dims);
    return scores / totals;
}

void check_scores(const Matrix& scores) {
    given("scores", scores);
    check_tensor(
        "weights", answer([&] { return softmax(scores); }), ch1::softmax(scores), {"m", "n"},
        {{"softmax-wrong-axis", "softmax runs down the columns, so the columns sum to 1 instead of the rows",
          "the sum over j of one row i", [&] { return ch1::softmax_along(scores, 0); }},
         {"normalised-without-exp", "the scores are divided by their sum, without exp", "std::exp",
          [&] { return without_exp(scores); }},
         {"softmax-overflow", "exp of a large score is infinite, and inf / inf is NaN",
          "subtract the largest score of the row before exp", [&] { return without_maximum(scores); }},
         {"softmax-maximum-of-all",
          "the largest score of the whole tensor is subtracted, so all exponents of a row with small scores become 0",
          "the largest score of the same row", [&] { return with_the_maximum_of_all(scores); }}});
}

}  // namespace

TEST("three rows of seven scores") {
    check_scores(random_tensor<2>(11, {3, 7}));
}

TEST("scores near 1000") {
    const Matrix scores = 1000.0f + random_tensor<2>(12, {2, 3});
    check_scores(scores);
}

TEST("one row with large scores, one with small ones") {
    Matrix scores = random_tensor<2>(13, {2, 4});
    for (std::size_t j = 0; j < 4; ++j) scores(1, j) -= 300.0f;
    check_scores(scores);
}

TEST("one score") {
    check_scores(random_tensor<2>(14, {1, 1}));
}
