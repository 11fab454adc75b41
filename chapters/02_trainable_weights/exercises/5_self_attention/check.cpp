#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/02_trainable_weights/attention.hpp"

using namespace exercise;

Matrix self_attention(const Matrix& x, const Matrix& W_query, const Matrix& W_key, const Matrix& W_value);

namespace {

float root(std::size_t size) {
    return std::sqrt(static_cast<float>(size));
}

void check_attention(const Matrix& x, const ch2::Weights& weights) {
    const ch2::Trace right = ch2::self_attention(x, weights);
    const Matrix &keys = right.keys, &values = right.values;
    const std::size_t d_k = keys.shape(1);
    const Matrix scaled = right.attn_scores / root(d_k);
    // The context vectors with another divisor, or with other weights.
    const auto divided_by = [&](float divisor) -> AnyTensor {
        const Matrix scores = right.attn_scores / divisor;
        return torch::matmul(ch1::softmax(scores), values);
    };
    const auto with = [&](const Matrix& attn_weights) -> AnyTensor {
        return torch::matmul(attn_weights, values);
    };

    given("x", x);
    given("W_query", weights.query);
    given("W_key", weights.key);
    given("W_value", weights.value);
    check_tensor(
        "context_vec", answer([&] { return self_attention(x, weights.query, weights.key, weights.value); }),
        right.context_vec, {"T", "d_v"},
        {{"scale-missing", "the scores are not divided by √d_k before softmax", "divide by std::sqrt(d_k)",
          [&] { return divided_by(1.0f); }},
         {"scale-d-in", "the scores are divided by the root of d_in, the width of an embedding",
          "d_k is the width of a key, keys.shape(1)", [&] { return divided_by(root(x.shape(1))); }},
         {"scale-tokens", "the scores are divided by the root of the number of words",
          "d_k is the width of a key, keys.shape(1)", [&] { return divided_by(root(x.shape(0))); }},
         {"scale-d-v", "the scores are divided by the root of the width of a value",
          "d_k is the width of a key, keys.shape(1)", [&] { return divided_by(root(values.shape(1))); }},
         {"scale-without-root", "the scores are divided by d_k instead of its root",
          "divide by std::sqrt(d_k)", [&] { return divided_by(static_cast<float>(d_k)); }},
         {"scale-inverted", "the scores are multiplied by √d_k instead of divided",
          "divide by std::sqrt(d_k)", [&] { return divided_by(1.0f / root(d_k)); }},
         {"softmax-missing", "the scores are scaled, but softmax is missing", "ch1::softmax(scaled)",
          [&] { return with(scaled); }},
         {"softmax-wrong-axis", "softmax runs down the columns, so the columns sum to 1 instead of the rows",
          "ch1::softmax works along the rows; do not transpose the scores",
          [&] { return with(ch1::softmax_along(scaled, 0)); }},
         {"scores-transposed", "the scores are keys @ queries.T, so rows are keys and columns are queries",
          "queries @ keys.T", [&] { return with(ch1::softmax(torch::transpose(scaled))); }},
         {"weights-transposed-in-mix", "the context vectors use the columns of the weights",
          "attn_weights @ values", [&] { return with(torch::transpose(right.attn_weights)); }},
         {"keys-instead-of-values", "the weighted sum takes the keys instead of the values",
          "attn_weights @ values", [&] { return torch::matmul(right.attn_weights, keys); }},
         {"inputs-instead-of-values", "the weighted sum takes the inputs, as in chapter 1",
          "attn_weights @ values", [&] { return torch::matmul(right.attn_weights, x); }},
         {"projection-missing", "the matrices are not used: this is the attention of chapter 1",
          "queries = x @ W_query, and so on", [&] { return ch1::self_attention(x).context_vecs; }},
         {"one-matrix-for-two", "queries and keys come from the same matrix, W_query", "keys = x @ W_key",
          [&] {
              return ch2::self_attention(x, ch2::Weights{weights.query, weights.query, weights.value})
                  .context_vec;
          }}});
}

}  // namespace

TEST("five words, width 3, keys and values of width 4") {
    check_attention(random_tensor<2>(60, {5, 3}), {random_tensor<2>(61, {3, 4}), random_tensor<2>(62, {3, 4}),
                                                   random_tensor<2>(63, {3, 4})});
}

TEST("values of another width") {
    check_attention(random_tensor<2>(64, {4, 6}), {random_tensor<2>(65, {6, 3}), random_tensor<2>(66, {6, 3}),
                                                   random_tensor<2>(67, {6, 2})});
}

TEST("one word") {
    check_attention(random_tensor<2>(68, {1, 2}), {random_tensor<2>(69, {2, 5}), random_tensor<2>(70, {2, 5}),
                                                   random_tensor<2>(71, {2, 3})});
}
