#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/04_multi_head_attention/exercises/6_only_token_0_is_right/head_context.cpp"
}

using namespace exercise;

Tensor4 head_context(const Tensor4& queries, const Tensor4& keys, const Tensor4& values);
Tensor4 fixture();

namespace {

// What the student's function gets.
struct Heads {
    Tensor4 queries, keys, values;
};

Heads random_heads(std::uint64_t seed, const std::array<std::size_t, 4>& shape) {
    return {random_tensor<4>(seed, shape), random_tensor<4>(seed + 1, shape),
            random_tensor<4>(seed + 2, shape)};
}

Tensor4 context_with(const Heads& x, float divisor) {
    const Tensor4 scaled = torch::matmul_transposed(x.queries, x.keys) / divisor;
    const Tensor4 masked = ch3::masked_fill(scaled, ch3::future_mask(scaled.shape(2)), ch3::True::hides);
    return torch::matmul(ch3::masked_softmax(masked), x.values);
}

float root(std::size_t width) {
    return std::sqrt(static_cast<float>(width));
}

Tensor4 expected(const Heads& x) {
    return context_with(x, root(x.keys.shape(3)));
}

Tensor4 with_the_bug(const Heads& x) {
    return shipped::head_context(x.queries, x.keys, x.values);
}

void check_heads(const Heads& x) {
    const auto divided_by = [&](float divisor) { return [&, divisor] { return context_with(x, divisor); }; };
    check_tensor(
        "head_context", answer([&] { return head_context(x.queries, x.keys, x.values); }), expected(x),
        {"B", "H", "T", "head_dim"},
        {{"leftover-key", "these are the numbers of a scale that does not depend on the keys that are given",
          "where each name in head_context comes from (./walk 4, step 7)", [&] { return with_the_bug(x); }},
         {"scale-whole-width", "the scores are divided by the root of H * head_dim, the width of all heads",
          "the width of one head's key", divided_by(root(x.keys.shape(1) * x.keys.shape(3)))},
         {"scale-heads",
          "the scores are divided by the root of the number of heads: axis 1 instead of axis 3",
          "the width of one head's key", divided_by(root(x.keys.shape(1)))},
         {"scale-tokens",
          "the scores are divided by the root of the number of tokens: axis 2 instead of axis 3",
          "the width of one head's key", divided_by(root(x.keys.shape(2)))},
         {"scale-missing", "the scores are not divided at all", "divide by the root of head_dim",
          divided_by(1.0f)}});
}

}  // namespace

TEST("the friendly test: the shape is right, and token 0 gets its own value") {
    const Heads x = random_heads(461, {2, 3, 4, 5});
    const Tensor4 context = answer([&] { return head_context(x.queries, x.keys, x.values); });
    check_that(context.shape() == x.values.shape(), "the result has the shape of the values");
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t h = 0; h < 3; ++h) {
            for (std::size_t column = 0; column < 5; ++column)
                check_that(std::abs(context(b, h, 0, column) - x.values(b, h, 0, column)) < 1e-5f,
                           "token 0 sees itself only, so its context vector is its value");
        }
    }
}

TEST("the check's fixture: one head, three tokens, four columns") {
    const Heads x = random_heads(470, {1, 1, 3, 4});
    given("queries", x.queries);
    given("keys", x.keys);
    given("values", x.values);
    check_heads(x);
}

TEST("two sequences, four heads, five tokens, three columns") {
    check_heads(random_heads(464, {2, 4, 5, 3}));
}

TEST("two heads of one column, as in the notebook") {
    check_heads(random_heads(467, {1, 2, 6, 1}));
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Tensor4 tensor = answer([] { return fixture(); });
    given("your fixture", tensor);
    check_that(tensor.size() >= 1 && tensor.size() <= 1000, "the fixture has 1 to 1000 numbers");
    const Heads x{tensor, tensor, tensor};
    check_fixture(
        with_the_bug(x), expected(x),
        "with one token any scale gives the weight 1, with 2 columns the leftover key has the right "
        "width, and with the same numbers for all tokens the weights do not matter");
    check_heads(x);
}
