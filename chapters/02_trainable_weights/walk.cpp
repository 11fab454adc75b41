// Chapter 2 shows cells 8 to 15 of the notebook: the same attention, with three trainable projections.
#include <fmt/format.h>

#include <cmath>

#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/sentence_file.hpp"
#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/02_trainable_weights/mistakes.hpp"
#include "chapters/02_trainable_weights/scaling.hpp"
#include "chapters/02_trainable_weights/weights_file.hpp"
#include "common/program/walkthrough.hpp"
#include "common/torch/random.hpp"

namespace {

const Chapter chapter{
    .number = 2,
    .folder = "02_trainable_weights",
    .title = "Self-attention with trainable weights",
    .letters =
        "T tokens, d_in width of an embedding, d_out width of a query, key or value, d_k width of a key",
    .takes = Takes::weights};

constexpr std::size_t d_out = 2;

void three_roles(Walkthrough& walk, const ch2::Weights& weights, const ch2::Trace& trace) {
    walk.section("3.4", "Self-attention with trainable weights");

    walk.step("Three matrices, three roles",
              "Chapter 1 compared the embeddings themselves. Now W_query computes what a word looks for, "
              "W_key computes how other words find it, and W_value computes what it passes on. Training "
              "would change these 18 numbers. Here torch.rand draws them.")
        .read("attention.cpp")
        .show("W_query", weights.query, {"d_in", "d_out"})
        .show("W_key", weights.key, {"d_in", "d_out"})
        .show("W_value", weights.value, {"d_in", "d_out"});

    walk.step("Project",
              "One matrix product computes the query of every word. Two more products compute the keys "
              "and the values. The width changes from d_in = 3 to d_out = 2.")
        .read("attention.cpp")
        .formula("Q = X W_query    K = X W_key    V = X W_value")
        .show("query", trace.queries, {"T", "d_out"}, cell(10))
        .show("key", trace.keys, {"T", "d_out"})
        .show("value", trace.values, {"T", "d_out"});

    walk.step("Scores",
              "The dot product of every query with every key. The scores are no longer symmetric: the "
              "query of \"Your\" with the key of \"step\" gives another score than the query of \"step\" "
              "with the key of \"Your\".")
        .read("attention.cpp")
        .formula("S = Q Kᵀ")
        .show("attn_scores", trace.attn_scores, {"T", "T"}, cell(11));
}

void why_the_scale(Walkthrough& walk) {
    torch::Generator generator(walk.seed(123));
    std::vector<std::vector<std::string>> rows;
    for (const ch2::ScalingResult& result :
         ch2::scaling_experiment(generator, {1, 4, 16, 64, 256, 1024}, 256, 64)) {
        rows.push_back({fmt::format("{}", result.d_k), fmt::format("{:.2f}", result.score_variance),
                        fmt::format("{:.2f}", result.scaled_variance),
                        fmt::format("{:.3f}", result.largest_weight),
                        fmt::format("{:.3f}", result.scaled_largest_weight)});
    }

    walk.step("Why divide by √d_k?",
              "A dot product of d_k random terms has a variance of about d_k, so wide keys give large "
              "scores. Then softmax gives nearly all the weight to one word, and there is almost no "
              "gradient to learn from. Dividing by √d_k brings the variance back to 1. In this "
              "experiment, 256 random queries attend to 64 random keys.")
        .read("scaling.cpp")
        .formula("Var(q · k) = d_k        Var(q · k / √d_k) = 1")
        .table({"d_k", "Var(q·k)", "Var(q·k/√d_k)", "largest weight", "largest, scaled"}, rows)
        .note(
            "Without the scale, the largest of 64 weights grows with the width of the keys, nearly up to "
            "1. With the scale, the width hardly matters.");
}

void weigh_and_mix(Walkthrough& walk, const ch1::Sentence& sentence, const ch2::Trace& trace) {
    walk.step("Scale and softmax",
              "d_k is the width of a key, key.shape[-1] = 2, and not the width of the embedding: 1/√2 = "
              "0.7071. Then softmax works row by row.")
        .read("attention.cpp")
        .formula("A = softmax(S / √d_k)")
        .show("attn_weights", trace.attn_weights, {"T", "T"}, cell(12))
        .heatmap("Attention weights: each row is a query, each column a key.", trace.attn_weights,
                 sentence.words);

    walk.step("Weighted sum",
              "As in chapter 1, but the weighted sum takes the values instead of the embeddings.")
        .read("attention.cpp")
        .formula("C = A V")
        .show("context_vec", trace.context_vec, {"T", "d_out"}, cell(13));
}

void parameter_against_linear(Walkthrough& walk, const Matrix& inputs) {
    torch::Generator generator(walk.seed(123));
    const ch2::Weights parameters = ch2::random_weights(generator, inputs.shape(1), d_out);

    walk.section("3.4", "The same as a class, twice");

    walk.step("SelfAttention_v1: nn.Parameter",
              "The notebook now wraps the five lines into a class. The same seed draws the same weights "
              "in the same order, so the class gives the same numbers as the step before.")
        .read("attention.cpp")
        .show("sa_v1(inputs)", ch2::self_attention(inputs, parameters).context_vec, {"T", "d_out"}, cell(14));

    generator.manual_seed(walk.seed(789));
    const ch2::LinearWeights layers = ch2::random_linear_weights(generator, inputs.shape(1), d_out);
    const ch2::Trace trace = ch2::self_attention(inputs, layers);

    walk.step("SelfAttention_v2: nn.Linear",
              "nn.Linear(3, 2) stores its weight with shape (out, in) = (2, 3) and computes x Wᵀ. It also "
              "starts with other numbers: uniform between -1/√3 and 1/√3 instead of between 0 and 1. For "
              "both reasons, the two classes print different results.")
        .read("linear.cpp")
        .formula("y = x Wᵀ + b")
        .show("sa_v2.W_query.weight", layers.query.weight, {"d_out", "d_in"})
        .show("sa_v2(inputs)", trace.context_vec, {"T", "d_out"}, cell(15));

    // The same numbers in both classes: a Parameter is the transposed weight of a Linear.
    const ch2::Weights copied{torch::transpose(layers.query.weight), torch::transpose(layers.key.weight),
                              torch::transpose(layers.value.weight)};
    const Matrix from_parameters = ch2::self_attention(inputs, copied).context_vec;

    walk.step("Parameter and Linear agree",
              "SelfAttention_v1 with the transposed weights of SelfAttention_v2 computes the same result. "
              "The transpose is easy to forget if d_in = d_out, because then nothing crashes.")
        .formula("W_parameter (d_in, d_out) = W_linearᵀ")
        .show("sa_v1(inputs) with sa_v2's weights", from_parameters, {"T", "d_out"})
        .note(fmt::format("Largest difference from sa_v2(inputs): {:.1e}.",
                          largest_difference(from_parameters, trace.context_vec)));
}

void construction_order(Walkthrough& walk, const Matrix& inputs) {
    torch::Generator generator(walk.seed(789));
    const std::size_t d_in = inputs.shape(1);

    // The first layer to be constructed gets the first numbers, whatever its name.
    ch2::LinearWeights key_first;
    key_first.key = ch2::random_linear(generator, d_in, d_out);
    key_first.query = ch2::random_linear(generator, d_in, d_out);
    key_first.value = ch2::random_linear(generator, d_in, d_out);

    walk.step("Same seed, other order, other numbers",
              "Layers draw their numbers in the order in which you construct them. If you construct W_key "
              "before W_query, the two swap their numbers: the seed is the same, but the result is not. "
              "If your notebook differs from the start, check this first.")
        .show("sa_v2(inputs), W_key constructed first", ch2::self_attention(inputs, key_first).context_vec,
              {"T", "d_out"});
}

// --input, --weights: the same attention on your own files.
void own_files(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const Matrix& x = sentence.embeddings;
    torch::Generator generator(
        walk.own().weights ? 0 : walk.seed(789));  // the reader's weights need no random numbers
    const ch2::LinearWeights weights = walk.own().weights
                                           ? ch2::read_weights(walk.own(), x.shape(1))
                                           : ch2::random_linear_weights(generator, x.shape(1), d_out);
    const ch2::Trace trace = ch2::self_attention(x, weights);

    walk.section("", "Your own files");
    walk.step("Project", walk.own().weights ? "The projections use your weights."
                                            : "The projections use the random weights of SelfAttention_v2.")
        .read("linear.cpp")
        .show("x", x, {"T", "d_in"})
        .show("queries", trace.queries, {"T", "d_out"})
        .show("keys", trace.keys, {"T", "d_out"})
        .show("values", trace.values, {"T", "d_out"});
    walk.step("Scores and softmax", fmt::format("The scale is 1/√{} = {:.4f}.", trace.keys.shape(1),
                                                1.0 / std::sqrt(static_cast<double>(trace.keys.shape(1)))))
        .read("attention.cpp")
        .show("attn_scores", trace.attn_scores, {"T", "T"})
        .show("attn_weights", trace.attn_weights, {"T", "T"})
        .heatmap("Attention weights: each row is a query, each column a key.", trace.attn_weights,
                 sentence.words);
    walk.step("Weighted sum", "Each row of weights gives one weighted sum of all values.")
        .read("attention.cpp")
        .show("context_vec", trace.context_vec, {"T", "d_out"});
}

void tell(Walkthrough& walk) {
    if (walk.own().any()) return own_files(walk);
    const ch1::Sentence sentence = ch1::your_journey();
    const Matrix& inputs = sentence.embeddings;

    torch::Generator generator(walk.seed(123));
    const ch2::Weights weights = ch2::random_weights(generator, inputs.shape(1), d_out);
    const ch2::Trace trace = ch2::self_attention(inputs, weights);

    three_roles(walk, weights, trace);
    why_the_scale(walk);
    weigh_and_mix(walk, sentence, trace);
    parameter_against_linear(walk, inputs);
    construction_order(walk, inputs);
}

}  // namespace

int main(int argc, char** argv) {
    return walk_through({.chapter = chapter, .tell = tell, .mistakes = ch2::mistakes}, argc, argv);
}
