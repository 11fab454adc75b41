#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/02_trainable_weights/attention.hpp"

using namespace exercise;

namespace {

ch2::Weights weights() {
    return {random_tensor<2>(40, {5, 4}), random_tensor<2>(41, {5, 4}), random_tensor<2>(42, {5, 3})};
}

// The attention of 7 words, after W_query is multiplied by a factor.
ch2::Trace trace(float factor = 1.0f) {
    ch2::Weights scaled = weights();
    scaled.query *= factor;
    return ch2::self_attention(random_tensor<2>(43, {7, 5}), scaled);
}

Shape shape_of(const Matrix& tensor) {
    return {tensor.shape(0), tensor.shape(1)};
}

// What the scores were divided by. The logarithm of the ratio of two weights is the difference of their
// scaled scores.
double divisor(const ch2::Trace& trace) {
    const Matrix &scores = trace.attn_scores, &weights = trace.attn_weights;
    return (scores(0, 0) - scores(0, 1)) / std::log(weights(0, 0) / weights(0, 1));
}

}  // namespace

TEST("shapes") {
    check_prediction(
        "shape of key", shape_of(trace().keys),
        {{"5, 4", "this is the shape of W_key", "one key for each of the 7 words", "shape-of-the-weight"},
         {"4, 7", "this is key.T", "key = inputs @ W_key", "shape-transposed"},
         {"7, 5", "this is the shape of the inputs", "the width changes from d_in to d_k",
          "shape-of-inputs"}});
    check_prediction("shape of attn_scores", shape_of(trace().attn_scores),
                     {{"4, 4", "this is the shape of query.T @ key", "a score for every pair of words",
                       "shape-transposed"},
                      {"7, 4", "this is the shape of the queries", "query @ key.T", "shape-of-queries"},
                      {"5, 5", "the embeddings are 5 wide, but scores belong to pairs of words",
                       "./walk 2, step 3", "shape-of-width"}});
    check_prediction(
        "shape of context_vec", shape_of(trace().context_vec),
        {{"7, 4", "this is the shape of the keys, and the weighted sum takes the values",
          "attn_weights @ value", "shape-of-keys"},
         {"7, 5", "this is the shape of the inputs, as in chapter 1", "attn_weights @ value",
          "shape-of-inputs"},
         {"7, 7", "this is the shape of the weights", "attn_weights @ value", "shape-of-weights"}});
    torch::Generator generator(44);
    check_prediction("shape of the weight that nn.Linear(5, 4) stores",
                     shape_of(ch2::random_linear(generator, 5, 4).weight),
                     {{"5, 4", "this is the shape of an nn.Parameter that is used as x W",
                       "./walk 2, step 8: a Linear computes x Wᵀ", "parameter-layout"}});
}

TEST("the scale") {
    check_prediction(
        "attn_scores are divided by", divisor(trace()),
        {{"4", "this is d_k itself, and the scores are divided by its root", "√d_k", "scale-without-root"},
         {"2.236", "this is the root of 5, the width of an embedding", "d_k is the width of a key",
          "scale-d-in"},
         {"2.24", "this is the root of 5, the width of an embedding", "d_k is the width of a key",
          "scale-d-in"},
         {"2.646", "this is the root of 7, the number of words", "d_k is the width of a key", "scale-tokens"},
         {"2.65", "this is the root of 7, the number of words", "d_k is the width of a key",
          "scale-tokens"}});
}

TEST("the three matrices") {
    const ch2::Weights matrices = weights();
    const auto numbers =
        static_cast<double>(matrices.query.size() + matrices.key.size() + matrices.value.size());
    check_prediction("how many numbers the three matrices have together", numbers,
                     {{"60", "three matrices of shape (5, 4) have so many", "W_value is (5, 3)", "one-shape"},
                      {"20", "this is one matrix of shape (5, 4)", "three matrices", "one-matrix"}});
    const Matrix scores = trace().attn_scores;
    check_prediction("attn_scores equals its transpose (yes or no)",
                     largest_difference(scores, torch::transpose(scores)) < 1e-5f,
                     {{"yes", "so it was in chapter 1; now a word's query and its key are different vectors",
                       "./walk 2, step 3", "symmetric-as-in-chapter-1"}});
    check_prediction(
        "factor of attn_scores after W_query is multiplied by 3",
        trace(3.0f).attn_scores(0, 1) / scores(0, 1),
        {{"9", "only the queries grow; the keys come from W_key", "query @ key.T", "both-factors"},
         {"1", "each query is multiplied by 3, and a score is a product with a query",
          "query = inputs @ W_query", "no-factor"}});
    check_prediction(
        "each attention weight after W_query becomes 0 everywhere (0.123)", trace(0.0f).attn_weights(0, 0),
        {{"0", "the scores are 0, but exp(0) is 1, and each row still sums to 1", "./walk 1, step 3",
          "zero-weights"},
         {"0.25", "this is 1/4, and a row has one weight for each word", "7 words", "one-by-width"},
         {"1", "each row has 7 equal weights, and they sum to 1", "7 words", "weight-one"}});
}
