#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/08_llama_4/mistakes.hpp"
#include "chapters/08_llama_4/mixture_of_experts.hpp"

using namespace exercise;

Matrix route(const Matrix& router_logits, std::size_t top_k);

namespace {

Matrix sigmoids(const Matrix& x) {
    Matrix result = x;
    for (float& value : result) value = ch8::sigmoid(value);
    return result;
}

void check_scores(const Matrix& logits, std::size_t top_k) {
    given("router_logits", logits);
    given("top_k", static_cast<double>(top_k));
    const Matrix right = ch8::route(logits, top_k), all = torch::transpose(logits);
    // `values` (N, E) for the experts that `ranked` would choose, and `other` for the rest.
    const auto chosen = [&](const Matrix& ranked, const Matrix& values, float other = 0.0f) {
        return [=] {
            const Matrix chosen_ones = ch8::route(ranked, top_k), of_experts = torch::transpose(values);
            const Matrix scores = xt::where(chosen_ones > 0.0f, of_experts, other);
            return AnyTensor(scores);
        };
    };
    const Matrix magnitudes = xt::abs(logits), negative = -logits;
    const Mistakes table = ch8::mistakes();
    check_tensor(
        "router_scores", answer([&] { return route(logits, top_k); }), right, {"E", "N"},
        {cause_of(table, "router-softmax", chosen(logits, ch1::softmax(logits))),
         {"router-softmax-of-chosen", "the scores are a softmax over the chosen experts, so they sum to 1",
          "a sigmoid for each",
          [&] {
              Matrix masked = torch::transpose(logits);
              for (std::size_t e = 0; e < masked.shape(0); ++e) {
                  for (std::size_t n = 0; n < masked.shape(1); ++n)
                      if (right(e, n) == 0.0f) masked(e, n) = -INFINITY;
              }
              return torch::transpose(ch1::softmax(torch::transpose(masked)));
          }},
         cause_of(table, "router-without-top-k", [&] { return sigmoids(all); }),
         {"router-sigmoid-of-zero", "the experts that are not chosen have the score 0.5, the sigmoid of 0",
          "set their logits to -inf before the sigmoid, or compute no sigmoid for them",
          chosen(logits, sigmoids(logits), 0.5f)},
         {"router-without-sigmoid", "the scores are the logits themselves", "1 / (1 + exp(-logit))",
          chosen(logits, logits)},
         cause_of(table, "router-without-score", chosen(logits, xt::ones<float>(logits.shape()))),
         {"router-one-expert", "each token goes to one expert, but top_k is larger", "the top_k largest",
          [&] { return ch8::route(logits, 1); }},
         {"router-largest-magnitude", "the experts with the largest magnitudes are chosen",
          "a large negative logit is a small one", chosen(magnitudes, sigmoids(logits))},
         {"router-smallest", "the experts with the smallest logits are chosen", "the largest",
          chosen(negative, sigmoids(logits))},
         {"router-experts-choose", "each expert chooses tokens, but each token chooses experts",
          "compare the logits of one token", [&] {
              const Matrix chosen_ones = torch::transpose(ch8::route(all, top_k));
              const Matrix scores = xt::where(chosen_ones > 0.0f, sigmoids(all), 0.0f);
              return scores;
          }}});
}

}  // namespace

TEST("three tokens choose 2 of 5 experts") {
    check_scores(random_tensor<2>(841, {3, 5}), 2);
}

TEST("seven tokens choose 1 of 4 experts") {
    check_scores(random_tensor<2>(842, {7, 4}), 1);
}

TEST("only negative logits") {
    const Matrix logits = random_tensor<2>(843, {2, 6}) - 8.0f;
    check_scores(logits, 3);
}
