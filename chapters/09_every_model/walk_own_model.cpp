// --model or --config: one attention of the reader's own model, piece by piece as --prefill says. --save gets
// these tensors of the first piece, and those of the last piece with step. before their names. A tensor of a
// stage that the recipe does not have is left out.
//   q, k, v, gate, q_normed, k_normed, q_rotated, k_rotated, keys, values, attn_scores, capped, biased,
//   masked, attn_weights, head_context, combined, gated
// And these of all tokens: embeddings (with --ids), x, output, cache_k, cache_v
// With --engine flash, the tensors from keys to head_context are never made.
#include <fmt/format.h>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "chapters/09_every_model/attention.hpp"
#include "chapters/09_every_model/walk.hpp"
#include "chapters/09_every_model/with_engine.hpp"
#include "common/program/engine_report.hpp"
#include "common/program/own_layer.hpp"
#include "common/render/progress.hpp"

namespace ch9 {
namespace {

// Shows a tensor unless the recipe does not have its stage.
template <class T>
void show(Step& step, const std::string& name, const T& tensor, std::vector<std::string> axes) {
    if (tensor.size() > 0) step.show(name, tensor, std::move(axes));
}

void show_piece(Step& step, const std::string& before, const Trace& trace) {
    const std::vector<std::string> queries = {"B", "T", "H", "head_dim"},
                                   new_keys = {"B", "T", "H_kv", "head_dim"},
                                   all_keys = {"B", "S", "H", "head_dim"}, scores = {"B", "H", "T", "S"},
                                   wide = {"B", "T", "H * head_dim"};
    show(step, before + "q", trace.q, queries);
    show(step, before + "k", trace.k, new_keys);
    show(step, before + "v", trace.v, new_keys);
    show(step, before + "gate", trace.gate, queries);
    show(step, before + "q_normed", trace.q_normed, queries);
    show(step, before + "k_normed", trace.k_normed, new_keys);
    show(step, before + "q_rotated", trace.q_rotated, queries);
    show(step, before + "k_rotated", trace.k_rotated, new_keys);
    show(step, before + "keys", trace.keys, all_keys);
    show(step, before + "values", trace.values, all_keys);
    show(step, before + "attn_scores", trace.attn_scores, scores);
    show(step, before + "capped", trace.capped, scores);
    show(step, before + "biased", trace.biased, scores);
    show(step, before + "masked", trace.masked, scores);
    show(step, before + "attn_weights", trace.attn_weights, scores);
    show(step, before + "head_context", trace.head_context, {"B", "H", "T", "head_dim"});
    show(step, before + "combined", trace.combined, wide);
    show(step, before + "gated", trace.gated, wide);
}

// What the engine did not make, of the tensors that this recipe has.
EngineReport report(const FlashEngine& engine, const AttentionCall& call) {
    std::vector<std::string> scores = {"attn_scores"};
    if (call.soft_cap > 0) scores.emplace_back("capped");
    if (!call.bias.values.empty()) scores.emplace_back("biased");
    scores.insert(scores.end(), {"masked", "attn_weights"});
    return report_engine(engine, call, scores);
}

void show_recipe(Walkthrough& walk, const Layer& layer) {
    std::vector<std::vector<std::string>> rows;
    for (const Choice& choice : layer.read.choices)
        rows.push_back({choice.name, choice.value, choice.source});
    walk.step("The recipe", fmt::format("Layer {} of {}, a model of type {}. Each choice, and what made it.",
                                        layer.read.layer, layer.read.n_layers, layer.read.model->type))
        .read("models.cpp")
        .table({"choice", "value", "from"}, rows);
}

}  // namespace

void walk_own_model(Walkthrough& walk, const Wanted& wanted, const FlashEngine& engine) {
    const Layer layer = load_layer(walk, wanted, !engine.is_there());
    const Recipe& recipe = layer.read.recipe;
    const std::size_t tokens = layer.x.shape(1);
    walk.section("", "Your own model");
    show_recipe(walk, layer);
    show_what_was_read(walk, layer,
                       {{"dim", recipe.dim},
                        {"heads", recipe.n_heads},
                        {"key and value heads", recipe.n_kv_heads},
                        {"head_dim", recipe.head_dim}},
                       {});
    if (layer.embeddings.size() > 0) walk.keep("embeddings", layer.embeddings);

    // Run all pieces first; the first and the last are shown.
    Cache cache(recipe, layer.x.shape(0), tokens);
    Trace first, last;
    EngineReport first_report, last_report;  // with --engine flash
    std::size_t calls = 0;
    const std::vector<std::size_t> sizes = ch5::pieces_of(layer, walk.own());
    const Tensor3 output = ch5::in_pieces(layer.x, sizes, [&](const Tensor3& x, std::size_t start_pos) {
        const Progress progress(fmt::format("computing: piece {} of {}", calls + 1, sizes.size()));
        if (engine.is_there()) {
            last = attention_with_engine(engine.attention, x, layer.weights, recipe, cache, start_pos,
                                         layer.is_text);
            last_report = report(engine, call_of(recipe, layer.weights, x.shape(0), x.shape(1), start_pos));
        } else {
            last = attention(x, layer.weights, recipe, cache, start_pos, layer.is_text);
        }
        if (calls++ == 0) {
            first = last;
            first_report = last_report;
        }
        return last.output;
    });

    Step& step = walk.step(fmt::format("The first {} tokens", sizes.front()), "At once, from position 0.");
    show_piece(step, "", first);
    show_words(step, walk.own(), first.attn_weights);
    if (calls > 1) {
        Step& end = walk.step(
            fmt::format("The last piece, at position {}", tokens - sizes.back()),
            fmt::format("After {} pieces. It sees the keys from position {} on.", calls - 1, last.first_key));
        show_piece(end, "step.", last);
    }
    if (engine.is_there()) tell_engine(walk, first_report, last_report);
    walk.step("The whole output", "All tokens, in their order.")
        .show("output", output, {"B", "T", "dim"})
        .note(fmt::format("The cache has {} of {} tokens: {} bytes.", std::min(cache.rows(), tokens), tokens,
                          cache.bytes()));
    walk.keep("cache_k", cache.buffer().cache_k());
    walk.keep("cache_v", cache.buffer().cache_v());
}

}  // namespace ch9
