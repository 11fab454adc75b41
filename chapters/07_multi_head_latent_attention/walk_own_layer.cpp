// --config: runs both forms on the reader's own layer, in the pieces that --prefill sets. With --world-size
// it also runs them split between ranks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/own_layer.hpp"
#include "chapters/07_multi_head_latent_attention/layer_files.hpp"
#include "chapters/07_multi_head_latent_attention/tensor_parallel.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "chapters/07_multi_head_latent_attention/with_engine.hpp"
#include "common/program/engine_report.hpp"
#include "common/program/own_layer.hpp"
#include "common/render/progress.hpp"

namespace ch7 {
namespace {

void what_was_read(Walkthrough& walk, const Layer& layer, const Positions& positions) {
    const Config& config = layer.config;
    std::vector<std::string> notes = {fmt::format(
        "Softmax scale {:.6f}, theta {}. YaRN is {}.", positions.softmax_scale, layer.theta,
        layer.yarn ? fmt::format("active, factor {}", layer.yarn->scaling.factor) : "not active")};
    if (!layer.dequantized.empty()) {
        notes.push_back(fmt::format("FP8, multiplied by the scales of their 128 x 128 blocks: {}.",
                                    fmt::join(layer.dequantized, ", ")));
    }
    show_what_was_read(walk, layer,
                       {{"dim", config.dim},
                        {"n_heads", config.n_heads},
                        {"q_lora_rank", config.q_lora_rank},
                        {"kv_lora_rank", config.kv_lora_rank},
                        {"qk_nope_head_dim", config.qk_nope_head_dim},
                        {"qk_rope_head_dim", config.qk_rope_head_dim},
                        {"v_head_dim", config.v_head_dim},
                        {"max_seq_len", layer.max_seq_len}},
                       notes);
}

Shown shown(std::string name, const AnyTensor& value, std::vector<std::string> axes) {
    return {std::move(name), value, std::move(axes), {}, {}};
}

// One call of each form: the lesson's attention, or an engine's.
AbsorbedTrace run_absorbed(const FlashEngine& engine, const Tensor3& x, const Weights& weights,
                           const Config& config, const Positions& positions, LatentCache& cache,
                           std::size_t start_pos) {
    if (!engine.is_there()) return absorbed_attention(x, weights, config, positions, cache, start_pos);
    return absorbed_with_engine(engine.attention, x, weights, config, positions, cache, start_pos);
}
NaiveTrace run_naive(const FlashEngine& engine, const Tensor3& x, const Weights& weights,
                     const Config& config, const Positions& positions, NaiveCache& cache,
                     std::size_t start_pos) {
    if (!engine.is_there()) return naive_attention(x, weights, config, positions, cache, start_pos);
    return naive_with_engine(engine.attention, x, weights, config, positions, cache, start_pos);
}

EngineReport report(const FlashEngine& engine, const AttentionCall& call) {
    EngineReport report{{}, engine.scratch_bytes(call)};
    for (const char* name : {"scores_nope", "scores_pe", "attn_scores", "masked", "attn_weights",
                             "naive.attn_scores", "naive.masked", "naive.attn_weights"})
        report.tensors.push_back({name, {call.batch, call.n_queries, call.n_heads, call.n_keys}});
    return report;
}

// Every tensor of the absorbed form by name, then the tensors that only the naive form has.
std::vector<Shown> shown_tensors(const AbsorbedTrace& absorbed, const NaiveTrace& naive) {
    const std::vector<std::string> scores = {"B", "T", "H", "S"};
    const Projections& made = absorbed.made;
    std::vector<Shown> tensors;
    if (made.q_latent.size() > 0) {
        tensors.push_back(shown("q_latent", made.q_latent, {"B", "T", "q_rank"}));
        tensors.push_back(shown("q_normed", made.q_normed, {"B", "T", "q_rank"}));
    }
    for (Shown& tensor :
         std::vector<Shown>{shown("q", made.q, {"B", "T", "H", "nope + rope"}),
                            shown("q_nope", made.q_nope, {"B", "T", "H", "nope"}),
                            shown("q_pe", made.q_pe, {"B", "T", "H", "rope"}),
                            shown("q_pe_rotated", made.q_pe_rotated, {"B", "T", "H", "rope"}),
                            shown("kv_latent", made.kv_latent, {"B", "T", "c"}),
                            shown("kv_normed", made.kv_normed, {"B", "T", "c"}),
                            shown("k_pe", made.k_pe, {"B", "T", "rope"}),
                            shown("k_pe_rotated", made.k_pe_rotated, {"B", "T", "rope"}),
                            shown("q_absorbed", absorbed.q_absorbed, {"B", "T", "H", "c"}),
                            shown("scores_nope", absorbed.scores_nope, scores),
                            shown("scores_pe", absorbed.scores_pe, scores),
                            shown("attn_scores", absorbed.attn_scores, scores),
                            shown("masked", absorbed.masked, scores),
                            shown("attn_weights", absorbed.attn_weights, scores),
                            shown("context_latent", absorbed.context_latent, {"B", "T", "H", "c"}),
                            shown("head_context", absorbed.head_context, {"B", "T", "H", "v"}),
                            shown("k_nope", naive.k_nope, {"B", "T", "H", "nope"}),
                            shown("v", naive.v, {"B", "T", "H", "v"}),
                            shown("k", naive.k, {"B", "T", "H", "nope + rope"}),
                            shown("naive.attn_scores", naive.attn_scores, scores),
                            shown("naive.attn_weights", naive.attn_weights, scores),
                            shown("naive.head_context", naive.head_context, {"B", "T", "H", "v"})}) {
        const bool is_made = std::get<AnyTensor>(tensor.value).size() > 0;  // an engine makes no scores
        if (is_made) tensors.push_back(std::move(tensor));
    }
    return tensors;
}

// The tensors of both forms that the walk shows after a run over several pieces.
struct Run {
    std::size_t pieces = 0;
    AbsorbedTrace first, last;
    NaiveTrace first_naive, last_naive;
    Tensor3 output, output_naive;            // (B, T, dim), all pieces
    EngineReport first_report, last_report;  // with --engine flash
};

Run run_both(const Layer& layer, const Positions& positions, const FlashEngine& engine,
             const std::vector<std::size_t>& sizes, LatentCache& latent_cache) {
    NaiveCache naive_cache(layer.config);
    Run run;
    run.pieces = sizes.size();
    run.output = ch5::in_pieces(layer.x, sizes, [&](const Tensor3& x, std::size_t start_pos) {
        const Progress progress(
            fmt::format("computing absorbed, from position {} of {}", start_pos, layer.x.shape(1)));
        run.last = run_absorbed(engine, x, layer.weights, layer.config, positions, latent_cache, start_pos);
        if (engine.is_there())
            run.last_report = report(engine, absorbed_call(run.last, positions, latent_cache, start_pos));
        if (start_pos == 0) {
            run.first = run.last;
            run.first_report = run.last_report;
        }
        return run.last.output;
    });
    run.output_naive = ch5::in_pieces(layer.x, sizes, [&](const Tensor3& x, std::size_t start_pos) {
        const Progress progress(
            fmt::format("computing naive, from position {} of {}", start_pos, layer.x.shape(1)));
        run.last_naive = run_naive(engine, x, layer.weights, layer.config, positions, naive_cache, start_pos);
        if (start_pos == 0) run.first_naive = run.last_naive;
        return run.last_naive.output;
    });
    return run;
}

void show_pieces(Walkthrough& walk, const Run& run, const std::vector<std::size_t>& sizes) {
    Step& step =
        walk.step(fmt::format("The first {} tokens", sizes.front()),
                  "At once, from position 0: the absorbed form, then what only the naive one makes.");
    for (Shown& tensor : shown_tensors(run.first, run.first_naive))
        step.blocks.emplace_back(std::move(tensor));
    show_words(step, walk.own(), torch::transpose(run.first.attn_weights, 1, 2));
    if (run.pieces == 1) return;

    Step& end = walk.step(
        fmt::format("The last piece, at position {}", run.output.shape(1) - sizes.back()),
        fmt::format("After {} pieces. Its latent and k_pe join those that are kept.", run.pieces - 1));
    for (Shown& tensor : shown_tensors(run.last, run.last_naive)) {
        tensor.name = "step." + tensor.name;
        end.blocks.emplace_back(std::move(tensor));
    }
}

// Runs the same pieces again on ranks: each rank has its own heads and its own cache.
void run_in_ranks(Walkthrough& walk, const Layer& layer, const Positions& positions,
                  const FlashEngine& engine, const std::vector<std::size_t>& sizes, const Ranks& ranks,
                  const Tensor3& output) {
    const std::size_t world_size = ranks.world_size();
    const Config local = local_config(layer.config, world_size);
    std::vector<LatentCache> caches(world_size, LatentCache(local));
    AllReduced last;
    const Tensor3 reduced = ch5::in_pieces(layer.x, sizes, [&](const Tensor3& x, std::size_t start_pos) {
        const Progress progress(fmt::format("computing in {} ranks, from position {} of {}", world_size,
                                            start_pos, layer.x.shape(1)));
        last = all_reduce(ranks, [&](std::size_t rank) {
            const Weights part = shard(layer.weights, layer.config, rank, world_size);
            return run_absorbed(engine, x, part, local, positions, caches[rank], start_pos).output;
        });
        return last.output;
    });
    Step& step = walk.step(fmt::format("In {} ranks of {} heads", world_size, local.n_heads),
                           "Each rank's share of the last piece, and what all-reduce makes of all pieces.");
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        step.show(fmt::format("rank{}.partial", rank), last.partials[rank], {"B", "T", "dim"});
    }
    step.show("output_all_reduced", reduced, {"B", "T", "dim"});
    step.note(fmt::format("Largest difference to one device: {:.1e}.", largest_difference(reduced, output)));
}

}  // namespace

void walk_own_layer(Walkthrough& walk, const DeviceChoice& choice, const FlashEngine& engine,
                    const Ranks& ranks) {
    const Layer layer = load_layer(walk, !engine.is_there());
    const std::size_t tokens = layer.x.shape(1);
    const Positions places = positions(layer.config, layer.theta, layer.yarn, tokens);
    if (!choice.is_cpu()) {
        const auto [x, x_next] = ch5::all_but_last(layer.x);
        return walk_on_device(walk, choice, x, x_next, layer.weights, layer.config, places);
    }
    const std::vector<std::size_t> sizes = ch5::pieces_of(layer, walk.own());

    walk.section("", "Your own layer");
    what_was_read(walk, layer, places);
    LatentCache latent_cache(layer.config);
    const Run run = run_both(layer, places, engine, sizes, latent_cache);
    show_pieces(walk, run, sizes);
    if (engine.is_there()) tell_engine(walk, run.first_report, run.last_report);
    if (ranks.world_size() > 1) run_in_ranks(walk, layer, places, engine, sizes, ranks, run.output);

    walk.step("The whole output", "All tokens, in their order, in both forms.")
        .show("output", run.output, {"B", "T", "dim"})
        .show("output_naive", run.output_naive, {"B", "T", "dim"})
        .note(
            fmt::format("Largest difference: {:.1e}. Kept for each token: {} numbers, in the naive form {}.",
                        largest_difference(run.output, run.output_naive), latent_cache.per_token(),
                        NaiveCache(layer.config).per_token()));
    walk.keep("kv_cache", latent_cache.kv_cache.all());
    walk.keep("pe_cache", latent_cache.pe_cache.all());
}

}  // namespace ch7
