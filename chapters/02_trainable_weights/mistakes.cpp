#include "chapters/02_trainable_weights/mistakes.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <functional>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/torch/random.hpp"

namespace ch2 {
namespace {

constexpr std::size_t walked_d_in = 3, walked_d_out = 2;

Matrix walked_inputs() {
    return ch1::your_journey().embeddings;
}

Weights right_weights() {
    torch::Generator generator(123);
    return random_weights(generator, walked_d_in, walked_d_out);
}

LinearWeights right_layers() {
    torch::Generator generator(789);
    return random_linear_weights(generator, walked_d_in, walked_d_out);
}

// --- attention with a mistake

struct Attended {
    Matrix scores, weights, context;
};
using Attend = std::function<Attended(const Matrix& queries, const Matrix& keys, const Matrix& values)>;

Matrix right_scores(const Matrix& queries, const Matrix& keys) {
    return torch::matmul(queries, torch::transpose(keys));
}

// softmax(Q Kᵀ / divisor) V, with softmax along any axis.
Attend divided_by(float divisor, std::size_t softmax_axis = 1) {
    return [=](const Matrix& queries, const Matrix& keys, const Matrix& values) {
        const Matrix scores = right_scores(queries, keys), scaled = scores / divisor;
        const Matrix weights = ch1::softmax_along(scaled, softmax_axis);
        return Attended{scores, weights, torch::matmul(weights, values)};
    };
}

float root(std::size_t width) {
    return std::sqrt(static_cast<float>(width));
}

const Attend attend_rightly = divided_by(root(walked_d_out));

Attended scores_transposed(const Matrix& queries, const Matrix& keys, const Matrix& values) {
    return attend_rightly(keys, queries, values);
}

Attended without_softmax(const Matrix& queries, const Matrix& keys, const Matrix& values) {
    const Matrix scores = right_scores(queries, keys), weights = scores / root(walked_d_out);
    return {scores, weights, torch::matmul(weights, values)};
}

Attended mixing_keys(const Matrix& queries, const Matrix& keys, const Matrix&) {
    return attend_rightly(queries, keys, keys);
}

Attended mixing_by_columns(const Matrix& queries, const Matrix& keys, const Matrix& values) {
    Attended attended = attend_rightly(queries, keys, values);
    attended.context = torch::matmul(torch::transpose(attended.weights), values);
    return attended;
}

// --- the chapter's tensors with a mistake

// Cells 10 to 13, and cell 14, which prints the result of cell 13 again.
NamedTensors with_weights(const Weights& weights, const Attend& attend = attend_rightly) {
    const Matrix x = walked_inputs(), queries = torch::matmul(x, weights.query),
                 keys = torch::matmul(x, weights.key), values = torch::matmul(x, weights.value);
    const Attended attended = attend(queries, keys, values);
    return {{"W_query", weights.query},
            {"W_key", weights.key},
            {"W_value", weights.value},
            {"query", queries},
            {"key", keys},
            {"value", values},
            {"attn_scores", attended.scores},
            {"attn_weights", attended.weights},
            {"context_vec", attended.context},
            {"sa_v1(inputs)", attended.context}};
}

// Cell 15.
NamedTensors with_layers(const LinearWeights& layers, const Attend& attend = attend_rightly) {
    const Matrix x = walked_inputs();
    const Attended attended = attend(layers.query(x), layers.key(x), layers.value(x));
    return {{"sa_v2.W_query.weight", layers.query.weight}, {"sa_v2(inputs)", attended.context}};
}

NamedTensors everywhere(const Attend& attend) {
    NamedTensors tensors = with_weights(right_weights(), attend);
    const NamedTensors more = with_layers(right_layers(), attend);
    tensors.insert(tensors.end(), more.begin(), more.end());
    return tensors;
}

// --- weights drawn with a mistake

// torch.rand(d_out, d_in).T instead of torch.rand(d_in, d_out).
NamedTensors drawn_transposed() {
    torch::Generator generator(123);
    const Weights drawn = random_weights(generator, walked_d_out, walked_d_in);
    return with_weights(
        {torch::transpose(drawn.query), torch::transpose(drawn.key), torch::transpose(drawn.value)});
}

NamedTensors layers_instead_of_parameters() {
    torch::Generator generator(123);
    const LinearWeights drawn = random_linear_weights(generator, walked_d_in, walked_d_out);
    return with_weights({torch::transpose(drawn.query.weight), torch::transpose(drawn.key.weight),
                         torch::transpose(drawn.value.weight)});
}

NamedTensors parameters_instead_of_layers() {
    torch::Generator generator(789);
    const Weights drawn = random_weights(generator, walked_d_in, walked_d_out);
    return with_layers({{torch::transpose(drawn.query), {}},
                        {torch::transpose(drawn.key), {}},
                        {torch::transpose(drawn.value), {}}});
}

NamedTensors with_biases() {
    torch::Generator generator(789);
    LinearWeights layers;
    layers.query = random_linear(generator, walked_d_in, walked_d_out, true);
    layers.key = random_linear(generator, walked_d_in, walked_d_out, true);
    layers.value = random_linear(generator, walked_d_in, walked_d_out, true);
    return with_layers(layers);
}

// The class continues the random sequence, because no seed is set before it.
NamedTensors parameters_not_seeded() {
    torch::Generator generator(123);
    random_weights(generator, walked_d_in, walked_d_out);
    const NamedTensors tensors = with_weights(random_weights(generator, walked_d_in, walked_d_out));
    return {tensors.back()};
}

NamedTensors layers_not_seeded() {
    torch::Generator generator(123);
    random_weights(generator, walked_d_in, walked_d_out);
    return with_layers(random_linear_weights(generator, walked_d_in, walked_d_out));
}

}  // namespace

std::vector<DrawOrder> other_draw_orders() {
    return {{1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
}

std::string in_words(const DrawOrder& order) {
    std::array<std::string, 3> made;
    made.at(order.query) = "W_query";
    made.at(order.key) = "W_key";
    made.at(order.value) = "W_value";
    return fmt::format("{}, {}, {}", made[0], made[1], made[2]);
}

Mistakes mistakes() {
    Mistakes table = {
        {"weights-transposed",
         "the weights are drawn as (d_out, d_in) and transposed, so the same numbers are in other places",
         "torch.rand(d_in, d_out), used as inputs @ W_query", drawn_transposed},
        {"linear-instead-of-parameter",
         "the weights come from nn.Linear, which draws from -1/√d_in to 1/√d_in, instead of from "
         "torch.rand",
         "nn.Parameter(torch.rand(d_in, d_out))", layers_instead_of_parameters},
        {"parameter-instead-of-linear", "the weights come from torch.rand instead of nn.Linear",
         "nn.Linear(d_in, d_out, bias=False)", parameters_instead_of_layers},
        {"scores-transposed", "the scores are keys @ queries.T, so rows are keys and columns are queries",
         "queries @ keys.T", [] { return everywhere(scores_transposed); }},
        {"scale-missing", "the scores are not divided by √d_k before softmax",
         "attn_scores / d_k**0.5 with d_k = 2", [] { return everywhere(divided_by(1.0f)); }},
        {"scale-d-in", "the scores are divided by √3, the root of d_in, instead of √d_k = √2",
         "d_k = keys.shape[-1]", [] { return everywhere(divided_by(root(walked_d_in))); }},
        {"scale-tokens",
         "the scores are divided by √6, the root of the number of words, instead of √d_k = √2",
         "d_k = keys.shape[-1]", [] { return everywhere(divided_by(root(6))); }},
        {"scale-without-root", "the scores are divided by d_k = 2 instead of its root",
         "attn_scores / d_k**0.5", [] { return everywhere(divided_by(2.0f)); }},
        {"scale-inverted", "the scores are multiplied by √d_k instead of divided", "attn_scores / d_k**0.5",
         [] { return everywhere(divided_by(1.0f / root(walked_d_out))); }},
        {"softmax-wrong-axis",
         "softmax runs down the columns (dim=0), so the columns sum to 1 instead of the rows",
         "softmax along the last axis: dim=-1", [] { return everywhere(divided_by(root(walked_d_out), 0)); }},
        {"softmax-missing", "the scores are scaled, but softmax is missing",
         "torch.softmax(attn_scores / d_k**0.5, dim=-1)", [] { return everywhere(without_softmax); }},
        {"keys-instead-of-values", "the weighted sum takes the keys instead of the values",
         "attn_weights @ values", [] { return everywhere(mixing_keys); }},
        {"weights-transposed-in-mix", "the context vectors use the columns of the weights (attn_weights.T)",
         "attn_weights @ values", [] { return everywhere(mixing_by_columns); }},
        {"bias-where-none", "the layers have a bias, so every later draw is a different number",
         "nn.Linear(d_in, d_out, bias=False)", with_biases},
        {"seed-not-reset",
         "no seed is set before the class, so it continues the random sequence of the weights before "
         "it",
         "torch.manual_seed(123) just before the class is constructed", parameters_not_seeded},
        {"seed-not-reset",
         "no seed is set before the class, so it continues the random sequence of the weights before "
         "it",
         "torch.manual_seed(789) just before the class is constructed", layers_not_seeded},
    };
    for (const DrawOrder& order : other_draw_orders()) {
        const std::string cause = "the layers are constructed in the order " + in_words(order) +
                                  ", so they draw their numbers in that order";
        table.push_back({"construction-order", cause, "construct W_query, W_key, W_value in this order",
                         [order] { return with_weights(redrawn(right_weights(), order)); }});
        table.push_back({"construction-order", cause, "construct W_query, W_key, W_value in this order",
                         [order] { return with_layers(redrawn(right_layers(), order)); }});
    }
    return table;
}

}  // namespace ch2
