#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"

using namespace exercise;

Vector context_vector(const Matrix& inputs, std::size_t query);

namespace {

// The sum of all words times their weights. (T), (T, d_in) -> (d_in)
Vector weighted_sum(const Vector& weights, const Matrix& inputs) {
    return torch::select(torch::matmul(torch::view<2>(weights, {1, weights.size()}), inputs), 0);
}

// The query's own word gets the weight 0.
Vector without_itself(const Matrix& inputs, std::size_t query) {
    Vector scores = ch1::attend(inputs, query).attn_scores;
    scores(query) = -INFINITY;
    return weighted_sum(ch1::softmax(scores), inputs);
}

Vector scaled_by_root_of_width(const Matrix& inputs, std::size_t query) {
    const float root = std::sqrt(static_cast<float>(inputs.shape(1)));
    const Vector scaled = ch1::attend(inputs, query).attn_scores / root;
    return weighted_sum(ch1::softmax(scaled), inputs);
}

Vector by_scores(const Vector& scores, const Matrix& inputs) {
    const float total = xt::sum(scores)();
    const Vector weights = scores / total;
    return weighted_sum(weights, inputs);
}

void check_word(const Matrix& inputs, std::size_t query) {
    const ch1::QueryTrace right = ch1::attend(inputs, query);
    const std::size_t before = query == 0 ? inputs.shape(0) - 1 : query - 1;
    given("inputs", inputs);
    given("query", static_cast<double>(query));
    check_tensor(
        "context", answer([&] { return context_vector(inputs, query); }), right.context_vec, {"d_in"},
        {{"softmax-missing", "the words are added up with the raw scores, without softmax",
          "call softmax(scores), and multiply the words by its result",
          [&] { return weighted_sum(right.attn_scores, inputs); }},
         {"query-instead-of-words",
          "the sum adds up the query itself, T times; the weights sum to 1, so the query comes out again",
          "weights(i) belongs to word i: weights(i) * inputs(i, d)", [&] { return right.query; }},
         {"query-left-out", "the query attends to all words except itself",
          "the query's own word is in the sum too", [&] { return without_itself(inputs, query); }},
         {"query-off-by-one", "the scores belong to the word before the query, as if words counted from 1",
          "the row of the query is inputs(query, d)",
          [&] { return ch1::attend(inputs, before).context_vec; }},
         {"normalised-without-exp", "the scores are divided by their sum, without exp", "softmax(scores)",
          [&] { return by_scores(right.attn_scores, inputs); }},
         {"scale-where-none", "the scores are divided by the root of d_in, but this chapter has no scale yet",
          "do not divide; chapter 2 adds the scale",
          [&] { return scaled_by_root_of_width(inputs, query); }}});
}

}  // namespace

TEST("word 2 of five words of width 3") {
    check_word(random_tensor<2>(16, {5, 3}), 2);
}

TEST("the last of four words of width 7") {
    check_word(random_tensor<2>(17, {4, 7}), 3);
}

TEST("the first word, with large numbers") {
    const Matrix inputs = 10.0f * random_tensor<2>(18, {3, 2});
    check_word(inputs, 0);
}

TEST("one word is its own context vector") {
    check_word(random_tensor<2>(19, {1, 4}), 0);
}
