#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/01_simplified_self_attention/exercises/6_softmax_over_the_queries/attention_weights.cpp"
}

using namespace exercise;

Matrix attention_weights(const Matrix& inputs);
Matrix fixture();

namespace {

Matrix expected(const Matrix& inputs) {
    return ch1::self_attention(inputs).attn_weights;
}

// The columns first, and then the rows: the rows sum to 1, but the ratios are wrong.
Matrix normalised_twice(const Matrix& inputs) {
    const Matrix weights = shipped::attention_weights(inputs);
    const Matrix sums = xt::sum(weights, {1}, xt::keep_dims);
    return weights / sums;
}

Matrix softmax_over_all(const Matrix& inputs) {
    const Matrix scores = ch1::self_attention(inputs).attn_scores;
    const float largest = xt::amax(scores)();
    const Matrix powers = xt::exp(scores - largest);
    const float sum = xt::sum(powers)();
    return powers / sum;
}

void check_inputs(const Matrix& inputs) {
    check_tensor(
        "attn_weights", answer([&] { return attention_weights(inputs); }), expected(inputs), {"T", "T"},
        {{"softmax-wrong-axis", "softmax runs down the columns, so the columns sum to 1 instead of the rows",
          "one query is one row: i stays the same, and j runs",
          [&] { return shipped::attention_weights(inputs); }},
         {"normalised-twice", "softmax runs down the columns, and each row is divided by its sum after that",
          "compute softmax along the rows in the first place", [&] { return normalised_twice(inputs); }},
         {"softmax-over-all", "all weights together sum to 1", "a sum of its own for each row",
          [&] { return softmax_over_all(inputs); }}});
}

}  // namespace

TEST("the friendly test: four one-hot words, each row sums to 1") {
    const Matrix inputs = xt::eye<float>(4);
    given("inputs", inputs);
    const Matrix weights = answer([&] { return attention_weights(inputs); });
    const Vector sums = xt::sum(weights, {1});
    check_tensor("the sums of the rows", sums, Vector{1.0f, 1.0f, 1.0f, 1.0f}, {"T"});
}

TEST("the check's fixture: five words of width 3") {
    const Matrix inputs = 0.7f * random_tensor<2>(22, {5, 3});
    given("inputs", inputs);
    check_inputs(inputs);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix inputs = answer([] { return fixture(); });
    given("your fixture", inputs);
    check_that(inputs.shape(0) <= 100, "the fixture has at most 100 words");
    check_fixture(shipped::attention_weights(inputs), expected(inputs),
                  "the weights of these words are symmetric, so the columns sum to the same as the rows");
    check_inputs(inputs);
}
