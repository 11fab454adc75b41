// Sections 9.3 and 9.4: scores that grow, and queries that need no key.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chapters/09_every_model/sinks.hpp"
#include "chapters/09_every_model/soft_cap.hpp"
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

// The same layer with larger weights of queries and keys.
Variant grown(const Variant& variant, float factor) {
    Variant larger = variant;
    for (ch2::Linear* layer : {&larger.weights.q, &larger.weights.k}) {
        layer->weight *= factor;
        *layer->bias *= factor;
    }
    return larger;
}

float largest(const Tensor4& x) {
    const Tensor4 magnitudes = xt::abs(x);
    return *std::max_element(magnitudes.begin(), magnitudes.end());
}

// The largest attention weight of the last token. The first token has one key, so its weight is always 1.
float sharpest(const Tensor4& attn_weights) {
    const Tensor4 last = torch::narrow(attn_weights, 2, attn_weights.shape(2) - 1, 1);
    return largest(last);
}

// Weights that grow in training: with and without the remedy.
Rows growth(const Setting& setting, const Variant& without, const Variant& with) {
    Rows rows;
    for (const float factor : {1.0f, 4.0f, 16.0f}) {
        const Trace free = run(grown(without, factor), setting.x), held = run(grown(with, factor), setting.x);
        const Tensor4& score = held.capped.size() > 0 ? held.capped : held.attn_scores;
        rows.push_back({fmt::format("{}", factor), fmt::format("{:.2f}", largest(free.attn_scores)),
                        fmt::format("{:.4f}", sharpest(free.attn_weights)),
                        fmt::format("{:.2f}", largest(score)),
                        fmt::format("{:.4f}", sharpest(held.attn_weights))});
    }
    return rows;
}
const std::vector<std::string> growth_header = {"times", "largest score", "largest weight", "score, held",
                                                "weight, held"};

void norm_of_queries_and_keys(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.3", "Scores that grow");

    Variant rotated = all.normed;
    rotated.recipe.qk_norm.reset();
    const Trace normed = run(all.normed, setting.x);
    walk.step(
            "QK norm",
            "If the weights of q and k grow by a factor in training, the scores grow by its square. The softmax "
            "then gives nearly everything to one key, and its gradient is nearly 0. RMSNorm on each "
            "head of q and k takes the length away, before the rotation: a score is then as large as the norm's "
            "learned weights allow, whatever the projections do. The table multiplies the weights of q and k. Its "
            "last two columns are with the norm.")
        .read("norms.cpp")
        .formula("q ← q / √(mean(q²) + eps) ⊙ weight        k alike")
        .show("normed.q_normed", normed.q_normed, {"B", "T", "H", "head_dim"}, pytorch())
        .show("normed.q_rotated", normed.q_rotated, {"B", "T", "H", "head_dim"}, pytorch())
        .show("normed.attn_weights", normed.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .table(growth_header, growth(setting, rotated, all.normed));

    const auto row = [&](const char* norm, const char* used_by, const Variant& variant) {
        const Tensor4 q_normed = run(variant, setting.x).q_normed;
        return std::vector<std::string>{norm, used_by, told(largest_difference(q_normed, normed.q_normed))};
    };
    Variant layer_norm = all.normed;
    layer_norm.recipe.qk_norm->norm.kind = Norm::Kind::layer;
    walk.step(
            "Four norms that are easy to confuse",
            "The name QK norm means different things. Gemma stores weight - 1, so its code multiplies by 1 + "
            "weight; if you forget the 1, queries become short. OLMo 2 norms all heads of a token together, before the "
            "split, so a large head makes the other heads small. Cohere and StableLM subtract the mean of a head "
            "too. All four run without an error on the same tensors.")
        .read("norms.hpp")
        .show("plus_one.q_normed", run(all.plus_one, setting.x).q_normed, {"B", "T", "H", "head_dim"},
              pytorch())
        .show("whole.q_normed", run(all.whole, setting.x).q_normed, {"B", "T", "H", "head_dim"}, pytorch())
        .table({"norm", "used by", "q_normed differs by"},
               {row("each head, times weight", "Qwen3", all.normed),
                row("each head, times (1 + weight)", "Gemma 3, Qwen3-Next", all.plus_one),
                row("all heads together", "OLMo 2", all.whole),
                row("each head, minus its mean", "Cohere, StableLM", layer_norm)});
}

void cap_of_scores(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace soft = run(all.soft, setting.x);
    walk.step(
            "Soft cap",
            "Gemma 2 bends the scores instead: c tanh(score / c) hardly changes a small score, and no score leaves "
            "(-c, c). Here c is 0.5, so that you see it; Gemma 2 has 50. The order is scale, cap, mask. The "
            "softmax of capped scores cannot become one-hot, because two scores differ by less than 2c.")
        .read("soft_cap.cpp")
        .formula("capped = c · tanh(score / c)")
        .show("soft.capped", soft.capped, {"B", "H", "T", "S"}, pytorch())
        .show("soft.attn_weights", soft.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .table(growth_header, growth(setting, all.plain, all.soft));

    // Gemma 2's cap on single scores.
    Rows rows;
    for (const float score : {1.0f, 10.0f, 30.0f, 50.0f, 100.0f, 1000.0f}) {
        Tensor4 one = Tensor4::from_shape({1, 1, 1, 1});
        one.fill(score);
        rows.push_back({fmt::format("{}", score), fmt::format("{:.3f}", soft_cap(one, 50.0f)(0, 0, 0, 0))});
    }
    // The cap after the mask: -inf becomes -c.
    const Trace plain = run(all.plain, setting.x);
    const Tensor4 capped_last = soft_cap(plain.masked, *all.soft.recipe.soft_cap);
    const Tensor4 leaking = ch3::masked_softmax(capped_last);
    walk.step(
            "The cap must come before the mask",
            "tanh makes -1 of -inf. So a cap after the mask turns every masked score into -c, and the softmax "
            "gives later tokens a weight. A cap of 50 hides the mistake: exp(-50) is almost 0. The table "
            "has single scores under Gemma 2's cap.")
        .read("attention.cpp")
        .table({"score", "capped at 50"}, rows)
        .note(fmt::format(
            "With the cap 0.5 after the mask, the first word gives the last word the weight {:.4f}. "
            "It should be 0.",
            leaking(0, 0, 0, leaking.shape(3) - 1)));
}

void learned_sinks(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.4", "Queries that need no key");

    const Trace trace = run(all.sinks, setting.x), plain = run(all.plain, setting.x);
    const auto row_sum = [&](std::size_t head, std::size_t token) {
        float sum = 0.0f;
        for (std::size_t s = 0; s < trace.attn_weights.shape(3); ++s)
            sum += trace.attn_weights(0, head, token, s);
        return fmt::format("{:.4f}", sum);
    };
    Rows rows;
    for (std::size_t t = 0; t < words().size(); ++t) {
        rows.push_back({words()[t], fmt::format("{:.4f}", plain.attn_weights(0, 0, t, 0)),
                        fmt::format("{:.4f}", trace.attn_weights(0, 0, t, 0)), row_sum(0, t), row_sum(1, t)});
    }
    walk.step(
            "Sinks",
            "A softmax must give away a weight of 1, even if no key fits. gpt-oss adds one learned score for each "
            "head, which belongs to no key. It takes part in the softmax, and then its weight is dropped. So a row "
            "sums to less than 1, and a head may attend to almost nothing. The table's columns of the "
            "first token are those of head 0.")
        .read("sinks.cpp")
        .formula("A = softmax([scores, sink])        without its last column")
        .show("sinks.attn_weights", trace.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("sinks.output", trace.output, {"B", "T", "dim"}, pytorch())
        .table({"word", "first token", "with a sink", "row sum, head 0", "row sum, head 1"}, rows)
        .note(fmt::format("The learned scores are {:.4f} for head 0 and {:.4f} for head 1.",
                          all.sinks.weights.sinks(0), all.sinks.weights.sinks(1)));
}

// The length of a head's context vector.
float length_of(const Tensor4& attn_weights, const Tensor4& values, std::size_t head, std::size_t token) {
    float squares = 0.0f;
    for (std::size_t i = 0; i < values.shape(3); ++i) {
        float sum = 0.0f;
        for (std::size_t s = 0; s < values.shape(2); ++s)
            sum += attn_weights(0, head, token, s) * values(0, head, s, i);
        squares += sum * sum;
    }
    return std::sqrt(squares);
}

void no_key_fits(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace plain = run(all.plain, setting.x);
    const Tensor4 values = torch::transpose(plain.values, 1, 2);
    const std::size_t last = words().size() - 1;
    Rows rows;
    for (const float lower : {0.0f, 2.0f, 4.0f, 8.0f}) {
        const Tensor4 masked = plain.masked - lower;
        const Tensor4 without = ch3::masked_softmax(masked),
                      with = softmax_with_sinks(masked, all.sinks.weights.sinks);
        rows.push_back({fmt::format("{}", lower), fmt::format("{:.4f}", length_of(without, values, 0, last)),
                        fmt::format("{:.4f}", length_of(with, values, 0, last))});
    }
    walk.step(
            "A query that fits no key",
            "Lower all scores of a row by the same number: the plain softmax does not notice, so the context "
            "keeps its length. With a sink, the context becomes short. The table is for the last word and head 0.")
        .read("sinks.cpp")
        .table({"scores lowered by", "length of the context, plain", "with a sink"}, rows);
}

// Models without sinks learn to use the first token for the same purpose.
void first_token_as_sink(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace plain = run(all.plain, setting.x);
    const Vector& sinks = all.sinks.weights.sinks;
    Tensor4 masked = plain.masked, values = torch::transpose(plain.values, 1, 2);
    for (std::size_t h = 0; h < sinks.size(); ++h) {
        xt::view(masked, xt::all(), h, xt::all(), 0) = sinks(h);
        xt::view(values, xt::all(), h, 0) = 0.0f;
    }
    const Tensor4 spent = ch3::masked_softmax(masked);

    // The same text without its first token, with real sinks.
    const std::size_t others = words().size() - 1;
    const Tensor4 rest = torch::narrow(torch::narrow(plain.masked, 2, 1, others), 3, 1, others);
    const Tensor4 with_sinks = softmax_with_sinks(rest, sinks);
    const Tensor4 context = torch::matmul(spent, values),
                  wanted = torch::matmul(with_sinks, Tensor4(torch::narrow(values, 2, 1, others)));
    Rows rows;
    for (std::size_t t = 1; t <= others; ++t) {
        float sum = 0.0f;
        for (std::size_t s = 0; s < others; ++s) sum += with_sinks(0, 0, t - 1, s);
        rows.push_back(
            {words()[t], fmt::format("{:.4f}", spent(0, 0, t, 0)), fmt::format("{:.4f}", 1.0f - sum)});
    }
    walk.step(
            "The first token as a sink",
            "Models without sinks learn one: every query gives the first token a high score, and the value of that "
            "token is nearly 0. The table does this by hand: the first token gets the sink's score and the value "
            "0. Every other token then has the context that it would have with a sink and without the first "
            "token. This is why a cache must not evict the first tokens of such a model.")
        .read("sinks.cpp")
        .table({"word, head 0", "weight of the first token", "weight of the sink"}, rows)
        .note(fmt::format("Largest difference of the contexts: {}.",
                          told(largest_difference(Tensor4(torch::narrow(context, 2, 1, others)), wanted))));
}

}  // namespace

void walk_scores(Walkthrough& walk, const Setting& setting, const Variants& all) {
    norm_of_queries_and_keys(walk, setting, all);
    cap_of_scores(walk, setting, all);
    learned_sinks(walk, setting, all);
    no_key_fits(walk, setting, all);
    first_token_as_sink(walk, setting, all);
}

}  // namespace ch9
