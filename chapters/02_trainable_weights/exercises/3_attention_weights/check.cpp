#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"

using namespace exercise;

Matrix attention_weights(const Matrix& queries, const Matrix& keys);

namespace {

float root(std::size_t size) {
    return std::sqrt(static_cast<float>(size));
}

Matrix divided_by(float divisor, const Matrix& tensor) {
    return tensor / divisor;
}

void check_weights(const Matrix& queries, const Matrix& keys) {
    const std::size_t d_k = keys.shape(1);
    const Matrix scores = torch::matmul(queries, torch::transpose(keys)),
                 scaled = divided_by(root(d_k), scores);
    const auto softmax_of_scores_by = [&](float divisor) -> AnyTensor {
        return ch1::softmax(divided_by(divisor, scores));
    };
    given("queries", queries);
    given("keys", keys);
    check_tensor(
        "attn_weights", answer([&] { return attention_weights(queries, keys); }), ch1::softmax(scaled),
        {"T", "S"},
        {{"scale-missing", "the scores are not divided by √d_k before softmax", "divide by std::sqrt(d_k)",
          [&] { return softmax_of_scores_by(1.0f); }},
         {"scale-without-root", "the scores are divided by d_k instead of its root",
          "divide by std::sqrt(d_k)", [&] { return softmax_of_scores_by(static_cast<float>(d_k)); }},
         {"scale-tokens", "the scores are divided by the root of the number of queries",
          "d_k is the width of a key, keys.shape(1)",
          [&] { return softmax_of_scores_by(root(queries.shape(0))); }},
         {"scale-tokens", "the scores are divided by the root of the number of keys",
          "d_k is the width of a key, keys.shape(1)",
          [&] { return softmax_of_scores_by(root(keys.shape(0))); }},
         {"scale-inverted", "the scores are multiplied by √d_k instead of divided",
          "divide by std::sqrt(d_k)", [&] { return softmax_of_scores_by(1.0f / root(d_k)); }},
         {"scale-after-softmax", "the weights are divided by √d_k after softmax, so no row sums to 1",
          "first the scale, then softmax", [&] { return divided_by(root(d_k), ch1::softmax(scores)); }},
         {"softmax-missing", "the scores are scaled, but softmax is missing", "ch1::softmax(scaled)",
          [&] { return scaled; }},
         {"softmax-wrong-axis", "softmax runs down the columns, so the columns sum to 1 instead of the rows",
          "ch1::softmax works along the rows; it gets scores with one row for each query",
          [&] { return ch1::softmax_along(scaled, 0); }},
         {"scores-transposed", "the scores are keys @ queries.T, so rows are keys and columns are queries",
          "queries @ keys.T", [&] { return ch1::softmax(torch::transpose(scaled)); }}});
}

}  // namespace

TEST("four queries, six keys of width 3") {
    check_weights(random_tensor<2>(54, {4, 3}), random_tensor<2>(55, {6, 3}));
}

TEST("wide keys") {
    check_weights(random_tensor<2>(56, {3, 50}), random_tensor<2>(57, {5, 50}));
}

TEST("one query, keys of width 2") {
    check_weights(random_tensor<2>(58, {1, 2}), random_tensor<2>(59, {3, 2}));
}
