#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/03_causal_mask_and_dropout/exercises/7_the_scale_reaches_the_mask/attn_weights.cpp"
}

using namespace exercise;

Matrix attn_weights(const Matrix& queries, const Matrix& keys, const Matrix& mask);
Matrix fixture();

namespace {

constexpr std::size_t d_k = 5;

// softmax((Q Kᵀ / before) + mask) / after)
Matrix weights_with(const Matrix& queries, const Matrix& keys, const Matrix& mask, float before,
                    float after) {
    const Matrix scores = torch::matmul_transposed(queries, keys) / before;
    const Matrix masked = (scores + mask) / after;
    return ch1::softmax(masked);
}

void check_mask(std::uint64_t seed, const Matrix& mask) {
    const Matrix queries = random_tensor<2>(seed, {mask.shape(0), d_k}),
                 keys = random_tensor<2>(seed + 1, {mask.shape(0), d_k});
    const float root = std::sqrt(static_cast<float>(d_k));
    const auto with = [&](float before, float after) {
        return [&, before, after] { return weights_with(queries, keys, mask, before, after); };
    };
    check_tensor("attn_weights", answer([&] { return attn_weights(queries, keys, mask); }),
                 with(root, 1.0f)(), {"T", "S"},
                 {{"mask-scaled", "a finite number in the mask has a smaller effect than it should",
                   "compute one weight by hand, with softmax(Q Kᵀ / √d_k + mask)", with(1.0f, root)},
                  {"scale-twice", "the scores are divided by √d_k twice, before and after the mask",
                   "divide the scores only, before the mask is added", with(root, root)},
                  {"scale-missing", "the scores are not divided by √d_k",
                   "scores / std::sqrt(d_k), then the mask", with(1.0f, 1.0f)},
                  {"mask-missing", "the mask is not added", "the scaled scores plus the mask",
                   [&] { return weights_with(queries, keys, xt::zeros<float>(mask.shape()), root, 1.0f); }}});
}

Matrix causal_mask(std::size_t tokens) {
    const Matrix zeros = xt::zeros<float>({tokens, tokens});
    return ch3::masked_fill(zeros, ch3::future_mask(tokens), ch3::True::hides);
}

}  // namespace

TEST("the friendly test: a causal mask of 0 and -inf") {
    const Matrix mask = causal_mask(4);
    given("mask", mask);
    check_mask(381, mask);
}

TEST("the check's fixture: the causal mask, and a bias that grows with the distance") {
    Matrix mask = causal_mask(6);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = 0; j < i; ++j) mask(i, j) = -0.7f * static_cast<float>(i - j);
    given("mask", mask);
    check_mask(383, mask);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix mask = answer([] { return fixture(); });
    given("your fixture", mask);
    check_that(mask.shape(0) == mask.shape(1), "the fixture has as many rows as columns");
    check_that(mask.shape(0) >= 1 && mask.shape(0) <= 100, "the fixture has 1 to 100 rows");
    const Matrix queries = random_tensor<2>(385, {mask.shape(0), d_k}),
                 keys = random_tensor<2>(386, {mask.shape(0), d_k});
    check_fixture(shipped::attn_weights(queries, keys, mask),
                  weights_with(queries, keys, mask, std::sqrt(static_cast<float>(d_k)), 1.0f),
                  "each row of this mask has only 0 and -inf, or the same bias for all keys");
    check_mask(385, mask);
}
