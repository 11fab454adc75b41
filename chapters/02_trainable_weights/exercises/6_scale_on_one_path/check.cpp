#include "common/exercise/check.hpp"

#include <cmath>
#include <tuple>

#include "chapters/01_simplified_self_attention/softmax.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/02_trainable_weights/exercises/6_scale_on_one_path/attention_weights.cpp"
}

using namespace exercise;

Matrix attention_weights(const Matrix& queries, const Matrix& keys);
std::tuple<Matrix, Matrix> fixture();

namespace {

// softmax(Q Kᵀ / divisor)
Matrix divided_by(float divisor, const Matrix& queries, const Matrix& keys) {
    const Matrix scores = torch::matmul(queries, torch::transpose(keys)) / divisor;
    return ch1::softmax(scores);
}

Matrix expected(const Matrix& queries, const Matrix& keys) {
    return divided_by(std::sqrt(static_cast<float>(keys.shape(1))), queries, keys);
}

void check_weights(const Matrix& queries, const Matrix& keys) {
    const auto d_k = static_cast<float>(keys.shape(1));
    check_tensor(
        "attn_weights", answer([&] { return attention_weights(queries, keys); }), expected(queries, keys),
        {"T", "S"},
        {{"scale-missing", "the scores of these queries and keys are not divided by √d_k",
          "the path that they take, and what it does before softmax",
          [&] { return divided_by(1.0f, queries, keys); }},
         {"scale-without-root", "the scores are divided by d_k: without the root, or by the root twice",
          "divide once, by std::sqrt(d_k)", [&] { return divided_by(d_k, queries, keys); }},
         {"scale-inverted", "the scores are multiplied by √d_k instead of divided",
          "divide by std::sqrt(d_k)", [&] { return divided_by(1.0f / std::sqrt(d_k), queries, keys); }},
         {"scale-tokens", "the scores are divided by the root of the number of keys",
          "d_k is the width of a key, keys.shape(1)",
          [&] { return divided_by(std::sqrt(static_cast<float>(keys.shape(0))), queries, keys); }}});
}

}  // namespace

TEST("the friendly test: six words, keys of width 8") {
    const Matrix queries = random_tensor<2>(72, {6, 8}), keys = random_tensor<2>(73, {6, 8});
    given("queries", queries);
    given("keys", keys);
    check_weights(queries, keys);
}

TEST("the check's fixture: three queries, five keys of width 7") {
    const Matrix queries = 0.6f * random_tensor<2>(74, {3, 7}), keys = random_tensor<2>(75, {5, 7});
    given("queries", queries);
    given("keys", keys);
    check_weights(queries, keys);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [queries, keys] = answer([] { return fixture(); });
    given("your queries", queries);
    given("your keys", keys);
    check_that(queries.shape(1) == keys.shape(1), "the queries are as wide as the keys");
    check_that(queries.shape(0) <= 100 && keys.shape(0) <= 100,
               "the fixture has at most 100 queries and keys");
    check_fixture(shipped::attention_weights(queries, keys), expected(queries, keys),
                  keys.shape(1) % 4 == 0 ? "keys of this width take the path that divides"
                                         : "the scale changes nothing here: √d_k is 1, or there is one key");
    check_weights(queries, keys);
}
