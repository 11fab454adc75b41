#include "common/exercise/check.hpp"

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"

using namespace exercise;

Matrix dropout(const Matrix& weights, const Matrix& keep, float p, bool training);

namespace {

// Causal weights, so that some are 0 before dropout.
Matrix causal_weights(std::uint64_t seed, std::size_t tokens) {
    const Matrix scores = random_tensor<2>(seed, {tokens, tokens});
    return ch3::masked_softmax(ch3::masked_fill(scores, ch3::future_mask(tokens), ch3::True::hides));
}

// Ones and zeros; `threshold` decides how many there are of each.
Matrix keep_mask(std::uint64_t seed, std::size_t tokens, float threshold) {
    const Matrix normal = random_tensor<2>(seed, {tokens, tokens});
    return xt::where(xt::greater(normal, threshold), 1.0f, 0.0f);
}

Matrix kept_times(const Matrix& weights, const Matrix& keep, float factor) {
    return weights * keep * factor;
}

// The formula without the case p = 1, where it computes 0 * inf.
Matrix by_formula(const Matrix& weights, const Matrix& keep, float p) {
    return kept_times(weights, keep, 1.0f / (1.0f - p));
}

Matrix expected(const Matrix& weights, const Matrix& keep, float p, bool training) {
    if (!training) return weights;
    return p == 1.0f ? kept_times(weights, keep, 0.0f) : by_formula(weights, keep, p);
}

void check_dropout(const Matrix& weights, const Matrix& keep, float p, bool training) {
    given("weights", weights);
    given("keep", keep);
    given("p", p);
    // The formula without its two exceptions.
    const auto formula = [&] { return by_formula(weights, keep, p); };
    const Cause formula_alone =
        training ? Cause{"dropout-p-is-one",
                         "with p = 1 the factor 1/(1-p) is infinite, and 0 times infinity is NaN",
                         "write 0 where keep is 0, and do not multiply there", formula}
                 : Cause{"dropout-in-eval", "dropout drops weights at inference too",
                         "if training is false, nothing changes", formula};
    check_tensor(
        "dropped", answer([&] { return dropout(weights, keep, p, training); }),
        expected(weights, keep, p, training), {"T", "S"},
        {cause_of(ch3::mistakes(), "dropout-not-rescaled", [&] { return kept_times(weights, keep, 1.0f); }),
         formula_alone,
         {"dropout-factor-of-p", "the kept weights are multiplied by 1/p",
          "p is the fraction that is dropped", [&] { return kept_times(weights, keep, 1.0f / p); }},
         {"dropout-factor-inverted", "the kept weights are multiplied by 1-p instead of divided by it",
          "the kept weights must grow, because they stand for the dropped ones",
          [&] { return kept_times(weights, keep, 1.0f - p); }},
         {"dropout-mask-inverted", "the weights are dropped where keep is 1",
          "keep(i, j) is 1 for a kept weight",
          [&] {
              const Matrix inverted = 1.0f - keep;
              return by_formula(weights, inverted, p);
          }},
         {"dropout-renormalised",
          "each row is divided by its new sum; dropout keeps only the expected sum at 1",
          "the same factor 1/(1-p) for all weights",
          [&] { return ch3::renormalize(kept_times(weights, keep, 1.0f)); }},
         {"dropout-off", "nothing is dropped in training", "weights(i, j) becomes 0 where keep(i, j) is 0",
          [&] { return weights; }}});
}

}  // namespace

TEST("in training, five tokens, p = 0.2") {
    check_dropout(causal_weights(37, 5), keep_mask(38, 5, -0.8f), 0.2f, true);
}

TEST("in training, four tokens, p = 0.75") {
    check_dropout(causal_weights(39, 4), keep_mask(391, 4, 0.2f), 0.75f, true);
}

TEST("at inference nothing changes") {
    check_dropout(causal_weights(392, 3), keep_mask(393, 3, 0.0f), 0.4f, false);
}

TEST("in training, p = 0 keeps everything") {
    check_dropout(causal_weights(394, 3), xt::ones<float>({3, 3}), 0.0f, true);
}

TEST("in training, p = 1 drops everything") {
    check_dropout(causal_weights(395, 3), xt::zeros<float>({3, 3}), 1.0f, true);
}
