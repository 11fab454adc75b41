// Sections 8.3 and 8.4: the dense feed-forward network of layer 0, and the experts of layer 1.
#include <fmt/format.h>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "chapters/08_llama_4/published_sizes.hpp"
#include "chapters/08_llama_4/walk.hpp"

namespace ch8 {
namespace {

void swiglu(Walkthrough& walk, const BlockTrace& block) {
    walk.section("8.3", "Layer 0: a dense feed-forward network");

    walk.step(
            "SwiGLU",
            "The second half of a layer processes every token alone. It reads a normed copy again. w1 and w3 "
            "project to the hidden width F. silu(w1 x) is the gate: where it is near 0, the number of w3 x "
            "beside it does not pass. w2 projects back to dim. From here on, the tokens of all sequences are "
            "the N rows of one matrix.")
        .read("feed_forward.cpp")
        .formula("output = w2(silu(w1 x) ⊙ w3 x)        silu(y) = y / (1 + exp(-y))")
        .show("ffn_norm", block.ffn_norm, {"B", "T", "dim"}, pytorch())
        .show("ffn_gate", std::get<FeedForwardTrace>(block.network).gate, {"N", "F"}, pytorch())
        .show("ffn_up", std::get<FeedForwardTrace>(block.network).up, {"N", "F"}, pytorch())
        .show("feed_forward", block.feed_forward, {"B", "T", "dim"}, pytorch());

    walk.step("The output of layer 0",
              "The second residual: the network's output is added to h, not to norm(h).")
        .read("block.cpp")
        .formula("output = h + feed_forward(norm(h))")
        .show("output", block.output, {"B", "T", "dim"}, pytorch());
}

void hidden_widths(Walkthrough& walk) {
    // Whole numbers at every step, as the reference computes them.
    const auto row = [](const char* model, std::size_t dim, double multiplier, std::size_t multiple) {
        return std::vector<std::string>{
            model,
            fmt::format("{}", dim),
            fmt::format("{}", hidden_width(dim, 1.0, 1)),
            fmt::format("{} ({})", hidden_width(dim, multiplier, 1), multiplier),
            fmt::format("{} ({})", hidden_width(dim, multiplier, multiple), multiple),
            fmt::format("{}", expert_width(dim, 4.0, multiplier, 2.0, multiple))};
    };
    walk.step("The hidden width",
              "Two matrices with a hidden width of 4 dim were usual. SwiGLU has three, so 2/3 of that width "
              "costs as much. ffn_dim_multiplier scales it, and the result is rounded up to a multiple of "
              "multiple_of. An expert starts from ffn_exp dim, here also 4 dim. It gets half of the width "
              "(capacity_factor 1, auto_scale_F), so that one expert and the shared expert together cost as "
              "much as a dense network.")
        .read("feed_forward.cpp")
        .formula("F = multiple_of · ⌈⌊multiplier · ⌊2 · 4 dim / 3⌋⌋ / multiple_of⌉")
        .table({"", "dim", "2/3 of 4 dim", "times multiplier", "up to a multiple", "expert"},
               {row("here", 8, 0.5, 6), row("Llama 4", 5120, 1.2, 2048)});
}

void the_router(Walkthrough& walk, const Setting& setting, const MoeTrace& moe) {
    walk.section("8.4", "Layer 1: experts");

    walk.step("The router",
              "Layer 1 has four feed-forward networks, the experts, in place of one. The router is a matrix "
              "with a row for each expert: its product with a token gives the token a logit for each expert. "
              "The largest logit wins (top_k = 1). The score is the sigmoid of the logit, not a softmax over "
              "the experts, so the experts do not compete: a score does not depend on the other logits.")
        .read("mixture_of_experts.cpp")
        .formula("scoreₑ = sigmoid(logitₑ)        sigmoid(y) = 1 / (1 + exp(-y))")
        .show("moe.router_logits", moe.router_logits, {"N", "E"}, pytorch())
        .show("moe.router_scores", moe.router_scores, {"E", "N"}, pytorch());

    Rows rows;
    const std::vector<std::string> words = words_of(setting.tokens);
    for (std::size_t n = 0; n < words.size(); ++n) {
        std::vector<std::string> row = {words[n]};
        for (std::size_t e = 0; e < setting.config.num_experts; ++e) {
            const float score = moe.router_scores(e, n);
            row.push_back(score > 0.0f ? fmt::format("{:.4f}", score) : "");
        }
        rows.push_back(row);
    }
    walk.step("Who goes to which expert", "The same scores, with a row for each word.")
        .table({"word", "expert 0", "expert 1", "expert 2", "expert 3"}, rows);
}

void the_experts(Walkthrough& walk, const Setting& setting, const BlockTrace& block, const MoeTrace& moe) {
    walk.step(
            "Scale, compute, add",
            "Each expert gets the tokens that chose it, and no others. Each token is multiplied by its score "
            "BEFORE the expert computes. The results go back to the rows of their tokens. The shared expert "
            "processes every token, unscaled. The layer's output is the sum of both.")
        .read("mixture_of_experts.cpp")
        .formula("output = shared(x) + Σₑ expertₑ(scoreₑ x)")
        .show("moe.experts", moe.experts, {"N", "dim"}, pytorch())
        .show("moe.shared_expert", moe.shared_expert, {"N", "dim"}, pytorch())
        .show("moe.feed_forward", block.feed_forward, {"B", "T", "dim"}, pytorch());

    // The first word's expert, with its score in front of the network and behind it.
    const Matrix x = torch::view<2>(block.ffn_norm, {setting.tokens.size(), setting.config.heads.dim});
    const Matrix first = torch::narrow(x, 0, 0, 1);
    const Vector scores = xt::view(moe.router_scores, xt::all(), 0);
    const auto chosen = static_cast<std::size_t>(
        std::distance(scores.begin(), std::max_element(scores.begin(), scores.end())));
    const FeedForward& expert = std::get<MoeWeights>(setting.weights.layers[1].feed_forward).experts[chosen];
    const Matrix scaled_input = scores(chosen) * first;
    const Matrix of_scaled_input = expert(scaled_input).output;
    const Matrix scaled_output = scores(chosen) * expert(first).output;
    const Vector logits = xt::view(moe.router_logits, 0);
    const Vector softmax = ch1::softmax(logits);
    walk.step("Input, not output",
              "With ReLU between two projections, both would give the same. In SwiGLU two numbers are "
              "multiplied that both contain the score, so a score in front of the network counts about "
              "twice. Mixtral and DeepSeek scale the output. The table shows the first number of the "
              "first word's expert.")
        .table({"", "first number"},
               {{"expert(score · x), Llama 4", fmt::format("{:.4f}", of_scaled_input(0, 0))},
                {"score · expert(x)", fmt::format("{:.4f}", scaled_output(0, 0))}})
        .note(
            fmt::format("The score of this word is {:.4f}. A softmax over all four logits would give {:.4f}.",
                        scores(chosen), softmax(chosen)));
}

void parameters(Walkthrough& walk, const Config& small) {
    Rows rows;
    const auto add = [&](const char* name, const Config& config, double unit, const char* format) {
        const Parameters count = count_parameters(config);
        const auto number = [&](double parameters) {
            return fmt::format(fmt::runtime(format), parameters / unit);
        };
        rows.push_back({name, number(count.attention), number(count.dense), number(count.shared),
                        number(count.experts), number(count.words), number(count.held()),
                        number(count.active())});
    };
    add("here", small, 1.0, "{:.0f}");
    add("Scout", llama_4_scout(), 1e9, "{:.2f}B");
    add("Maverick", llama_4_maverick(), 1e9, "{:.2f}B");
    walk.step(
            "Parameters held, parameters used",
            "Every expert must be in memory, but a token uses top_k of them. So the memory grows with the "
            "experts, and the computation for a token does not. Scout has 16 experts in each of 48 layers; "
            "Maverick has 128 in every second layer and dense networks in the others. Their sizes differ by "
            "a factor of 3.7, and one token costs both the same. B stands for billions. The counts do not "
            "include the vision "
            "tower.")
        .read("parameters.cpp")
        .table({"", "attention", "dense", "shared", "experts", "words", "held", "used"}, rows);
}

}  // namespace

void walk_feed_forward(Walkthrough& walk, const Setting& setting) {
    swiglu(walk, setting.trace.layers[0]);
    hidden_widths(walk);

    const BlockTrace& block = setting.trace.layers[1];
    const auto& moe = std::get<MoeTrace>(block.network);
    the_router(walk, setting, moe);
    the_experts(walk, setting, block, moe);
    parameters(walk, setting.config);
}

}  // namespace ch8
