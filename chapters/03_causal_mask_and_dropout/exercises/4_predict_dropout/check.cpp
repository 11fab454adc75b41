#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>

#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"

using namespace exercise;

namespace {

Matrix causal_weights(std::size_t tokens) {
    const Matrix scores = random_tensor<2>(361, {tokens, tokens});
    return ch3::masked_softmax(ch3::masked_fill(scores, ch3::future_mask(tokens), ch3::True::hides));
}

template <std::size_t N>
Tensor<N> dropped(const Tensor<N>& x, double p, ch3::Mode mode = ch3::Mode::train) {
    torch::Generator generator(362);
    return ch3::Dropout{p, mode}(x, generator);
}

// A weight of this value after dropout, if it is kept: of 100 equal weights, some are.
float kept(float value, double p) {
    const Vector equal = value * xt::ones<float>({100});
    return xt::amax(dropped(equal, p))();
}

float sum_of(const Matrix& weights) {
    return xt::sum(weights)();
}

// How many of the 6 context vectors change with the embedding of token 2.
std::size_t changed_context_vectors() {
    torch::Generator generator(363);
    const ch2::LinearWeights layers = ch2::random_linear_weights(generator, 4, 3);
    const auto context = [&](const Matrix& x) {
        const Tensor3 batch_of_one = torch::view<3>(x, {1, 6, 4});
        return torch::select(ch3::causal_attention(batch_of_one, layers, {0.0}, generator).context_vec, 0);
    };
    const Matrix x = random_tensor<2>(364, {6, 4});
    const std::vector<bool> changed = ch3::rows_changed(context(x), context(ch3::perturb_token(x, 2)));
    return static_cast<std::size_t>(std::count(changed.begin(), changed.end(), true));
}

std::size_t equal_elements(const Matrix& a, const Matrix& b) {
    std::size_t equal = 0;
    for (std::size_t i = 0; i < a.shape(0); ++i) {
        for (std::size_t j = 0; j < a.shape(1); ++j)
            if (a(i, j) == b(i, j)) ++equal;
    }
    return equal;
}

bool each_row_sums_to_one(const Matrix& weights) {
    const Vector sums = xt::sum(weights, {1});
    return std::all_of(sums.begin(), sums.end(), [](float sum) { return std::abs(sum - 1.0f) < 1e-4f; });
}

}  // namespace

TEST("what the mask decides") {
    const Matrix weights = causal_weights(7), zeros = xt::zeros<float>({7, 7});
    check_prediction("zeros in the causal attn_weights of 7 tokens, (7, 7)",
                     static_cast<double>(equal_elements(weights, zeros)),
                     {{"28", "this counts the diagonal too, and each token sees itself", "./walk 3, step 6",
                       "diagonal-counted"},
                      {"42", "these are all places beside the diagonal, and a token sees the earlier tokens",
                       "./walk 3, step 6"}});
    check_prediction(
        "6 tokens, the embedding of token 2 changes, how many of the 6 context vectors change",
        static_cast<double>(changed_context_vectors()),
        {{"3", "the later tokens see token 2, and so does token 2 itself", "./walk 3, step 9",
          "token-itself-forgotten"},
         {"6", "without a mask all rows change; with the mask the rows 0 and 1 do not see token 2",
          "./walk 3, step 9"},
         {"1", "token 2 also gives its value to every later token", "./walk 3, step 9"}});
}

TEST("the factor") {
    check_prediction(
        "p = 0.8, what a kept weight of 0.1 becomes", kept(0.1f, 0.8),
        {{"0.125", "this is the factor 1/p; p is the fraction that is dropped", "1/(1-p)", "factor-of-p"},
         {"0.02", "this multiplies by 1-p instead of dividing by it", "1/(1-p)", "factor-inverted"},
         {"0.1", "a kept weight gets the factor 1/(1-p)", "./walk 3, step 11", "dropout-not-rescaled"}});
    const Matrix weights = causal_weights(5);
    check_prediction(
        "p = 0.5 and 5 tokens, how many of the 25 causal weights have the same value before and after dropout",
        static_cast<double>(equal_elements(weights, dropped(weights, 0.5))),
        {{"12", "a kept weight has another value than before, if it is not 0", "./walk 3, step 12"},
         {"12.5", "a kept weight has another value than before, if it is not 0", "./walk 3, step 12"},
         {"0", "a weight of 0 stays 0, whether it is kept or dropped", "./walk 3, step 12",
          "zeros-forgotten"}});
    check_prediction(
        "p = 0.5, the first weight of row 0, which was 1, if it is kept", kept(1.0f, 0.5),
        {{"1", "a kept weight gets the factor 1/(1-p)", "./walk 3, step 12", "dropout-not-rescaled"}});
}

TEST("sums and means") {
    const Matrix weights = causal_weights(5);
    check_prediction("p = 0.5, each row of the weights still sums to 1 (yes or no)",
                     each_row_sums_to_one(dropped(weights, 0.5)),
                     {{"yes", "only the expected sum is 1: row 0 becomes 0 or 2", "./walk 3, step 12",
                       "rows-sum-to-one"}});
    const Matrix ones = xt::ones<float>({1000, 100});
    const Matrix dropped_ones = dropped(ones, 0.8);
    const double mean = xt::mean(dropped_ones)();
    check_prediction(
        "p = 0.8, the mean of 100000 ones after dropout, with one digit after the point",
        std::round(10.0 * mean) / 10.0,
        {{"0.2", "this is the mean without the factor 1/(1-p)", "./walk 3, step 11", "mean-without-factor"},
         {"5", "this is one kept weight; four of five weights are 0", "./walk 3, step 11"}});
    check_prediction("p = 0.5 at inference, the sum of the 25 causal weights of 5 tokens",
                     sum_of(dropped(weights, 0.5, ch3::Mode::eval)),
                     {{"2.5", "at inference dropout drops nothing", "./walk 3, step 11", "dropout-in-eval"},
                      {"1", "each row sums to 1, and there are five rows", "./walk 3, step 6"}});
    check_prediction(
        "p = 1 in training, the sum of the 25 causal weights of 5 tokens", sum_of(dropped(weights, 1.0)),
        {{"nan", "0 / 0 must not happen: with p = 1, all weights are dropped and nothing is divided",
          "what is left if everything is dropped"},
         {"5", "p is the fraction that is dropped, so p = 1 drops everything", "./walk 3, step 10",
          "p-is-kept"}});
}
