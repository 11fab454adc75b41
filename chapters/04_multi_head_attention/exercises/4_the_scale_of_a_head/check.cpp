#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/04_multi_head_attention/exercises/4_the_scale_of_a_head/head_weights.cpp"
}

using namespace exercise;

Tensor4 head_weights(const Tensor4& queries, const Tensor4& keys);
Tensor4 fixture();

namespace {

Tensor4 weights_with(const Tensor4& queries, const Tensor4& keys, float divisor) {
    const Tensor4 scaled = torch::matmul_transposed(queries, keys) / divisor;
    return ch3::masked_softmax(
        ch3::masked_fill(scaled, ch3::future_mask(queries.shape(2)), ch3::True::hides));
}

float root(std::size_t width) {
    return std::sqrt(static_cast<float>(width));
}

Tensor4 expected(const Tensor4& queries, const Tensor4& keys) {
    return weights_with(queries, keys, root(keys.shape(3)));
}

void check_weights(const Tensor4& queries, const Tensor4& keys) {
    const auto divided_by = [&](float divisor) {
        return [&, divisor] { return weights_with(queries, keys, divisor); };
    };
    check_tensor("attn_weights", answer([&] { return head_weights(queries, keys); }), expected(queries, keys),
                 {"B", "H", "T", "S"},
                 {{"scale-whole-width", "the weights of a row are closer to each other than they should be",
                   "compute the first two weights of token 1 by hand",
                   [&] { return shipped::head_weights(queries, keys); }},
                  {"scale-heads", "the scores are divided by the root of the number of heads",
                   "the root of head_dim, the last axis", divided_by(root(keys.shape(1)))},
                  {"scale-tokens", "the scores are divided by the root of the number of tokens",
                   "the root of head_dim, the last axis", divided_by(root(keys.shape(2)))},
                  {"scale-missing", "the scores are not divided at all", "divide by the root of head_dim",
                   divided_by(1.0f)},
                  {"scale-without-root", "the scores are divided by head_dim instead of its root",
                   "std::sqrt", divided_by(static_cast<float>(keys.shape(3)))}});
}

void check_random(std::uint64_t seed, const std::array<std::size_t, 4>& shape) {
    check_weights(random_tensor<4>(seed, shape), random_tensor<4>(seed + 1, shape));
}

}  // namespace

TEST("the friendly test: one head") {
    check_random(441, {2, 1, 3, 4});
}

TEST("the check's fixture: two heads, three tokens, four columns") {
    const Tensor4 queries = random_tensor<4>(445, {1, 2, 3, 4}), keys = random_tensor<4>(446, {1, 2, 3, 4});
    given("queries", queries);
    given("keys", keys);
    check_weights(queries, keys);
}

TEST("two sequences, three heads, five tokens, four columns") {
    check_random(443, {2, 3, 5, 4});
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Tensor4 x = answer([] { return fixture(); });
    given("your fixture", x);
    check_that(x.size() >= 1 && x.size() <= 1000, "the fixture has 1 to 1000 numbers");
    check_fixture(
        shipped::head_weights(x, x), expected(x, x),
        "with one head the two scales are the same, and with one token the only weight is 1; two keys "
        "that are the same get the same weight with any scale");
    check_weights(x, x);
}
