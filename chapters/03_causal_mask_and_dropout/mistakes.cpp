#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/02_trainable_weights/mistakes.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"

namespace ch3 {
namespace {

constexpr std::size_t walked_tokens = 6, walked_d_in = 3, walked_d_out = 2;
using Step = std::function<Matrix(const Matrix&)>;

Matrix walked_inputs() {
    return ch1::your_journey().embeddings;
}

// Seed 789 gives the layers of SelfAttention_v2, with which the chapter starts; seed 123 those of
// CausalAttention.
ch2::LinearWeights layers_of_seed(std::uint64_t seed) {
    torch::Generator generator(seed);
    return ch2::random_linear_weights(generator, walked_d_in, walked_d_out);
}

Matrix scores_with(const ch2::LinearWeights& layers) {
    const Matrix x = walked_inputs();
    return torch::matmul(layers.query(x), torch::transpose(layers.key(x)));
}

// --- the steps of the chapter; a mistake replaces one of them

Matrix hide_future(const Matrix& scores) {
    return masked_fill(scores, future_mask(walked_tokens), True::hides);
}

Step hide_from_diagonal(std::ptrdiff_t diagonal) {
    return [=](const Matrix& scores) {
        return masked_fill(scores, mask_from_diagonal(walked_tokens, diagonal), True::hides);
    };
}

Matrix hide_past(const Matrix& scores) {
    return masked_fill(scores, future_mask(walked_tokens), True::keeps);
}

// Plain softmax, as in the notebook: a fully masked row becomes NaN.
Step softmax_of_scores_over(float divisor, std::size_t axis = 1) {
    return [=](const Matrix& scores) {
        const Matrix scaled = scores / divisor;
        return ch1::softmax_along(scaled, axis);
    };
}

float root(std::size_t width) {
    return std::sqrt(static_cast<float>(width));
}

struct Steps {
    Step hide = hide_future;                                   // scores -> masked
    Step weigh = softmax_of_scores_over(root(walked_d_out));   // masked -> attn_weights
    Step cut = [](const Matrix& weights) { return weights; };  // attn_weights -> the weights of the values
};

Matrix causal_weights(const Steps& steps, const Matrix& scores) {
    return steps.cut(steps.weigh(steps.hide(scores)));
}

NamedTensors context_with(const Steps& steps, const ch2::LinearWeights& layers) {
    const Matrix weights = causal_weights(steps, scores_with(layers));
    const Matrix context = torch::matmul(weights, layers.value(walked_inputs()));
    return {{"context_vecs", torch::stack(context, context)}};
}

Matrix dropped(const Matrix& weights, torch::DropoutRng build, double p = 0.5) {
    torch::Generator generator(123);
    return Dropout{p, Mode::train, build}(weights, generator);
}

// The whole chapter, cells 16 to 25.
NamedTensors told_with(const Steps& steps) {
    const Matrix scores = scores_with(layers_of_seed(789)), attn_weights = steps.weigh(scores);
    const Matrix masked_simple = attn_weights * mask_simple(walked_tokens);
    const Matrix causal = causal_weights(steps, scores);
    NamedTensors tensors = context_with(steps, layers_of_seed(123));
    tensors.insert(tensors.end(), {{"attn_weights", attn_weights},
                                   {"masked_simple", masked_simple},
                                   {"masked_simple_norm", renormalize(masked_simple)},
                                   {"masked", steps.hide(scores)},
                                   {"attn_weights.2", causal},
                                   {"dropout(attn_weights)", dropped(causal, torch::DropoutRng::mkl)}});
    return tensors;
}

NamedTensors hiding(const Step& hide) {
    Steps steps;
    steps.hide = hide;
    return told_with(steps);
}

NamedTensors weighing(const Step& weigh) {
    Steps steps;
    steps.weigh = weigh;
    return told_with(steps);
}

// The right weights of all words, masked after softmax: the rows do not sum to 1.
NamedTensors cut_after_softmax() {
    Steps steps;
    steps.hide = [](const Matrix& scores) { return scores; };
    steps.cut = [](const Matrix& weights) -> Matrix { return weights * mask_simple(walked_tokens); };
    NamedTensors tensors = told_with(steps);
    std::erase_if(tensors, [](const auto& entry) { return entry.first == "masked"; });
    return tensors;
}

// torch.triu instead of torch.tril: the simple mask keeps the future.
NamedTensors simple_mask_inverted(std::ptrdiff_t diagonal) {
    const MaskMatrix kept = mask_from_diagonal(walked_tokens, diagonal);
    const Matrix mask = xt::where(kept, 1.0f, 0.0f);
    const Matrix scores = scores_with(layers_of_seed(789));
    const Matrix masked = softmax_of_scores_over(root(walked_d_out))(scores) * mask;
    return {{"mask_simple", mask}, {"masked_simple", masked}, {"masked_simple_norm", renormalize(masked)}};
}

NamedTensors normalised_by_columns() {
    const Matrix scores = scores_with(layers_of_seed(789));
    const Matrix masked = softmax_of_scores_over(root(walked_d_out))(scores) * mask_simple(walked_tokens);
    const Matrix column_sums = xt::sum(masked, {0}, xt::keep_dims);
    const Matrix norm = masked / column_sums;
    return {{"masked_simple_norm", norm}};
}

NamedTensors softmax_again() {
    const Matrix scores = scores_with(layers_of_seed(789));
    const Matrix masked = softmax_of_scores_over(root(walked_d_out))(scores) * mask_simple(walked_tokens);
    return {{"masked_simple_norm", ch1::softmax(masked)}};
}

// In a batch, dim=0 is the sequence: softmax then runs over both copies of the sentence.
NamedTensors softmax_over_the_batch() {
    const ch2::LinearWeights layers = layers_of_seed(123);
    const Matrix scores = scores_with(layers), scaled = hide_future(scores) / root(walked_d_out);
    const Tensor3 weights = ch1::softmax_along(torch::stack(scaled, scaled), 0);
    const Matrix values = layers.value(walked_inputs());
    return {{"context_vecs", torch::matmul(weights, torch::stack(values, values))}};
}

// --- dropout, of both builds

NamedTensors dropout_of(const Matrix& example, const Matrix& weights) {
    return {{"dropout(example)", example}, {"dropout(attn_weights)", weights}};
}

Matrix ones() {
    return xt::ones<float>({walked_tokens, walked_tokens});
}

Matrix right_causal_weights() {
    return causal_weights({}, scores_with(layers_of_seed(789)));
}

NamedTensors not_rescaled(torch::DropoutRng build) {
    const Matrix example = dropped(ones(), build) * 0.5f,
                 weights = dropped(right_causal_weights(), build) * 0.5f;
    return dropout_of(example, weights);
}

NamedTensors before_softmax(torch::DropoutRng build) {
    const Matrix scores = dropped(scores_with(layers_of_seed(789)), build);
    return {{"dropout(attn_weights)", causal_weights({}, scores)}};
}

NamedTensors on_unmasked_weights(torch::DropoutRng build) {
    const Matrix scores = scores_with(layers_of_seed(789));
    const Matrix weights = softmax_of_scores_over(root(walked_d_out))(scores);
    return {{"dropout(attn_weights)", dropped(weights, build)}};
}

// The second dropout continues the random sequence of the first.
NamedTensors seed_not_reset(torch::DropoutRng build) {
    torch::Generator generator(123);
    const Dropout half{0.5, Mode::train, build};
    half(ones(), generator);
    return {{"dropout(attn_weights)", half(right_causal_weights(), generator)}};
}

NamedTensors with_share(double p, torch::DropoutRng build) {
    return dropout_of(dropped(ones(), build, p), dropped(right_causal_weights(), build, p));
}

// --- layers drawn with a mistake

NamedTensors with_biases() {
    torch::Generator generator(123);
    ch2::LinearWeights layers;
    layers.query = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    layers.key = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    layers.value = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    return context_with({}, layers);
}

// The chapter from its start, with SelfAttention_v2's layers constructed in another order.
NamedTensors start_redrawn(const ch2::DrawOrder& order) {
    const Matrix scores = scores_with(ch2::redrawn(layers_of_seed(789), order));
    const Steps steps;
    const Matrix attn_weights = steps.weigh(scores), causal = causal_weights(steps, scores);
    const Matrix masked_simple = attn_weights * mask_simple(walked_tokens);
    return {{"attn_weights", attn_weights},
            {"masked_simple", masked_simple},
            {"masked_simple_norm", renormalize(masked_simple)},
            {"masked", steps.hide(scores)},
            {"attn_weights.2", causal},
            {"dropout(attn_weights)", dropped(causal, torch::DropoutRng::mkl)}};
}

Mistakes mistakes_with_masks() {
    return {
        {"mask-missing", "nothing is masked, so every token sees the future",
         "masked_fill(mask, -torch.inf) before softmax",
         [] { return hiding([](const Matrix& scores) { return scores; }); }},
        {"mask-inverted", "the mask covers the past and keeps the future",
         "mask where torch.triu(..., diagonal=1) is 1", [] { return hiding(hide_past); }},
        {"mask-inverted", "the simple mask keeps the future: torch.triu instead of torch.tril",
         "torch.tril(ones)", [] { return simple_mask_inverted(0); }},
        {"mask-inverted", "the simple mask keeps the future, and masks the token itself", "torch.tril(ones)",
         [] { return simple_mask_inverted(1); }},
        {"mask-off-by-one",
         "the mask covers the diagonal too, so no token sees itself, and the first token sees nothing",
         "torch.triu(..., diagonal=1), not diagonal=0", [] { return hiding(hide_from_diagonal(0)); }},
        {"mask-off-by-one", "the mask starts one place too late, so every token sees the next one",
         "torch.triu(..., diagonal=1), not diagonal=2", [] { return hiding(hide_from_diagonal(2)); }},
        {"mask-zero-instead-of-inf", "masked scores are 0 instead of -inf, and exp(0) = 1 gives them weight",
         "masked_fill(mask, -torch.inf)",
         [] { return hiding([](const Matrix& scores) { return future_filled(scores, 0.0f); }); }},
        {"mask-large-number", "masked scores are -1e9 instead of -inf; here the weights are the same",
         "masked_fill(mask, -torch.inf)",
         [] { return hiding([](const Matrix& scores) { return future_filled(scores, -1e9f); }); }},
        {"mask-after-softmax-not-renormalised",
         "the mask comes after softmax, so the rows no longer sum to 1",
         "mask the scores with -inf before softmax", cut_after_softmax},
        {"normalised-by-columns", "the masked weights are divided by the sums of their columns",
         "masked_simple.sum(dim=-1, keepdim=True)", normalised_by_columns},
        {"softmax-twice", "the masked weights go through softmax again, which gives masked tokens a weight",
         "divide each row by its sum", softmax_again},
    };
}

Mistakes mistakes_with_scale_and_softmax() {
    const auto divided_by = [](float divisor) {
        return [=] { return weighing(softmax_of_scores_over(divisor)); };
    };
    return {
        {"scale-missing", "the scores are not divided by √d_k before softmax",
         "divide by keys.shape[-1]**0.5 = √2", divided_by(1.0f)},
        {"scale-d-in", "the scores are divided by √3, the root of d_in, instead of √d_k = √2",
         "divide by keys.shape[-1]**0.5", divided_by(root(walked_d_in))},
        {"scale-tokens",
         "the scores are divided by √6, the root of the number of words, instead of √d_k = √2",
         "divide by keys.shape[-1]**0.5", divided_by(root(walked_tokens))},
        {"scale-without-root", "the scores are divided by d_k = 2 instead of its root",
         "divide by keys.shape[-1]**0.5", divided_by(2.0f)},
        {"softmax-wrong-axis", "softmax runs over the queries instead of the keys",
         "softmax along the last axis: dim=-1",
         [] { return weighing(softmax_of_scores_over(root(walked_d_out), 0)); }},
        {"softmax-wrong-axis",
         "softmax runs over the batch (dim=0), so the weights of the two sequences sum to 1 together",
         "softmax along the last axis: dim=-1", softmax_over_the_batch},
        {"bias-where-none", "the layers have a bias, so every later draw is a different number",
         "nn.Linear(d_in, d_out, bias=False)", with_biases},
    };
}

Mistakes mistakes_with_dropout(torch::DropoutRng build) {
    Mistakes table = {
        {"dropout-not-rescaled", "the weights that dropout keeps are not multiplied by 1/(1-p)",
         "nn.Dropout(0.5) does this", [=] { return not_rescaled(build); }},
        {"dropout-before-softmax", "dropout runs on the scores before softmax instead of on the weights",
         "dropout(attn_weights), after softmax", [=] { return before_softmax(build); }},
        {"dropout-on-unmasked-weights", "dropout runs on the weights without the mask",
         "dropout of the causal attn_weights", [=] { return on_unmasked_weights(build); }},
        {"seed-not-reset",
         "no seed is set before this dropout, so it continues the random sequence of the dropout "
         "before it",
         "torch.manual_seed(123) just before dropout(attn_weights)", [=] { return seed_not_reset(build); }},
    };
    for (const double p : {0.1, 0.2, 0.3, 0.4, 0.6, 0.9}) {
        table.push_back({"dropout-other-share", fmt::format("dropout has p = {} instead of 0.5", p),
                         "nn.Dropout(0.5)", [=] { return with_share(p, build); }});
    }
    return table;
}

}  // namespace

MaskMatrix mask_from_diagonal(std::size_t tokens, std::ptrdiff_t diagonal) {
    MaskMatrix mask = MaskMatrix::from_shape({tokens, tokens});
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t j = 0; j < tokens; ++j) {
            mask(i, j) = static_cast<std::ptrdiff_t>(j) >= static_cast<std::ptrdiff_t>(i) + diagonal;
        }
    }
    return mask;
}

template <std::size_t N>
Tensor<N> future_filled(const Tensor<N>& scores, float value) {
    const MaskMatrix future = future_mask(scores.shape(N - 1));
    return xt::where(future, value, scores);
}
template Matrix future_filled(const Matrix&, float);
template Tensor4 future_filled(const Tensor4&, float);

Mistakes mistakes() {
    Mistakes table = mistakes_with_masks();
    const auto append = [&](const Mistakes& more) { table.insert(table.end(), more.begin(), more.end()); };
    append(mistakes_with_scale_and_softmax());
    append({{"dropout-off", "dropout drops nothing: eval() turned it off, or p is 0",
             "dropout.train(), nn.Dropout(0.5)", [] { return dropout_of(ones(), right_causal_weights()); }}});
    for (const torch::DropoutRng build : {torch::DropoutRng::mkl, torch::DropoutRng::generic}) {
        append(mistakes_with_dropout(build));
    }
    for (const ch2::DrawOrder& order : ch2::other_draw_orders()) {
        const std::string cause = "the layers are constructed in the order " + ch2::in_words(order) +
                                  ", so they draw their numbers in that order";
        const std::string advice = "construct W_query, W_key, W_value in this order";
        append({{"construction-order", cause, advice, [order] { return start_redrawn(order); }},
                {"construction-order", cause, advice,
                 [order] { return context_with({}, ch2::redrawn(layers_of_seed(123), order)); }}});
    }
    return table;
}

}  // namespace ch3
