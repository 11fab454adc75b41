// --config: the reader's own model, piece by piece as --prefill says. --save gets these tensors of the first
// piece, and those of the last piece with step. before their names:
//   layers.N.:  attention_norm, xq, xk, xv, xq_rotated, xk_rotated, xq_normed, xk_normed, temperature,
//               xq_scaled, attn_scores, masked, attn_weights, combined, attention, h, ffn_norm, feed_forward,
//               output; of dense layers ffn_gate, ffn_up; of layers with experts router_logits,
//               router_scores, shared_expert, experts
//   norm
// And these of all tokens:
//   tokens, embeddings (also as x), logits, next_tokens, layers.N.cache_k, layers.N.cache_v
// With --engine flash there are no attn_scores, masked and attn_weights.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "chapters/08_llama_4/model_files.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "chapters/08_llama_4/walk.hpp"
#include "common/program/engine_report.hpp"
#include "common/program/own_layer.hpp"
#include "common/render/progress.hpp"

namespace ch8 {
namespace {

// Keeps a tensor unless this kind of layer does not have it.
template <class T>
void keep(Walkthrough& walk, const std::string& name, const T& tensor) {
    if (tensor.size() > 0) walk.keep(name, tensor);
}

void keep_network(Walkthrough& walk, const std::string& at, const BlockTrace& block) {
    if (const auto* dense = std::get_if<FeedForwardTrace>(&block.network)) {
        keep(walk, at + "ffn_gate", dense->gate);
        keep(walk, at + "ffn_up", dense->up);
        return;
    }
    const auto& moe = std::get<MoeTrace>(block.network);
    keep(walk, at + "router_logits", moe.router_logits);
    keep(walk, at + "router_scores", moe.router_scores);
    keep(walk, at + "shared_expert", moe.shared_expert);
    keep(walk, at + "experts", moe.experts);
}

void keep_block(Walkthrough& walk, const std::string& at, const BlockTrace& block) {
    const AttentionTrace& attention = block.attention;
    keep(walk, at + "attention_norm", block.attention_norm);
    keep(walk, at + "xq", attention.xq);
    keep(walk, at + "xk", attention.xk);
    keep(walk, at + "xv", attention.attended.xv);
    keep(walk, at + "xq_rotated", attention.xq_rotated);
    keep(walk, at + "xk_rotated", attention.xk_rotated);
    keep(walk, at + "xq_normed", attention.xq_normed);
    keep(walk, at + "xk_normed", attention.xk_normed);
    keep(walk, at + "temperature", attention.temperature);
    keep(walk, at + "xq_scaled", attention.xq_scaled);
    keep(walk, at + "attn_scores", attention.attended.attn_scores);
    keep(walk, at + "masked", attention.attended.masked);
    keep(walk, at + "attn_weights", attention.attended.attn_weights);
    keep(walk, at + "combined", attention.attended.combined);
    keep(walk, at + "attention", attention.attended.output);
    keep(walk, at + "h", block.h);
    keep(walk, at + "ffn_norm", block.ffn_norm);
    keep_network(walk, at, block);
    keep(walk, at + "feed_forward", block.feed_forward);
    keep(walk, at + "output", block.output);
}

void keep_piece(Walkthrough& walk, const std::string& at, const ModelTrace& trace) {
    for (std::size_t layer = 0; layer < trace.layers.size(); ++layer) {
        keep_block(walk, fmt::format("{}layers.{}.", at, layer), trace.layers[layer]);
    }
    keep(walk, at + "norm", trace.norm);
}

void what_was_read(Walkthrough& walk, const Model& model) {
    const Config& config = model.config;
    const Parameters count = count_parameters(config);
    std::vector<std::string> notes = {
        fmt::format("Layers without RoPE: {}. Layers with experts: {}. Counted from 0.",
                    fmt::join(config.nope_layers, ", "), fmt::join(config.moe_layers, ", ")),
        fmt::format("QK norm is {}, temperature is {}, {}.", config.use_qk_norm ? "on" : "off",
                    config.attn_temperature_tuning ? "on" : "off",
                    config.attention_chunk_size
                        ? fmt::format("the chunks have {} tokens", *config.attention_chunk_size)
                        : "there are no chunks"),
        fmt::format("Parameters: {:.0f}, and {:.0f} of them process one token.", count.held(),
                    count.active())};
    show_what_was_read(walk, model,
                       {{"dim", config.heads.dim},
                        {"n_layers", config.n_layers},
                        {"n_heads", config.heads.n_heads},
                        {"n_kv_heads", config.heads.kv_heads()},
                        {"head_dim", config.heads.head_dim},
                        {"vocab_size", config.vocab_size},
                        {"hidden width, dense", config.hidden_dim},
                        {"num_experts", config.num_experts},
                        {"top_k", config.top_k},
                        {"hidden width, expert", config.expert_dim}},
                       notes);
}

// What the engine did not make in layer 0.
EngineReport report(const FlashEngine& engine, const ModelTrace& trace, const Caches& caches,
                    std::size_t start_pos) {
    return report_engine(engine, ch5::engine_call(trace.layers[0].attention.attended, caches[0], start_pos),
                         {"attn_scores", "masked", "attn_weights"});
}

}  // namespace

void walk_own_model(Walkthrough& walk, const FlashEngine& engine) {
    const Model model = load_model(walk, !engine.is_there());
    const Config& config = model.config;
    const ch6::ComplexMatrix table = ch6::rotation_table(model.freqs, config.heads.max_seq_len);
    const std::vector<std::size_t> sizes = ch5::pieces_of(model, walk.own());

    walk.section("", "Your own model");
    what_was_read(walk, model);
    walk.keep("tokens", model.tokens);
    walk.keep("embeddings", model.x);

    // Run all pieces; the tensors of the first and of the last are saved.
    Caches caches = make_caches(config);
    ModelTrace last;
    Tensor4 first_weights;                   // of layer 0 in the first piece: (B, H, T, S)
    EngineReport first_report, last_report;  // of layer 0 with --engine flash
    const Tensor3 norm = ch5::in_pieces(model.x, sizes, [&](const Tensor3& h, std::size_t start_pos) {
        const Progress progress(
            fmt::format("computing, from position {} of {}", start_pos, model.x.shape(1)));
        last = run_model(h, model.weights, config, table, caches, start_pos, engine.attention);
        if (engine.is_there()) last_report = report(engine, last, caches, start_pos);
        if (start_pos == 0) {
            first_report = last_report;
            keep_piece(walk, "", last);
            first_weights = last.layers.front().attention.attended.attn_weights;
        }
        return last.norm;
    });
    if (sizes.size() > 1) keep_piece(walk, "step.", last);
    for (std::size_t layer = 0; layer < caches.size(); ++layer) {
        walk.keep(fmt::format("layers.{}.cache_k", layer), caches[layer].cache_k());
        walk.keep(fmt::format("layers.{}.cache_v", layer), caches[layer].cache_v());
    }

    if (!walk.own().tokens.empty()) {
        Step& step = walk.step("The words",
                               fmt::format("The attention weights of the first {} tokens.", sizes.front()));
        show_words(step, walk.own(), first_weights, "layer 0, head 0");
    }
    if (engine.is_there()) tell_engine(walk, first_report, last_report);
    const Tensor3 logits = model.weights.output(norm);
    walk.step("The logits",
              "Row t says what may follow token t. --save also writes every tensor of every layer.")
        .show("tokens", model.tokens, {"B", "T"})
        .show("logits", logits, {"B", "T", "vocab_size"})
        .show("next_tokens", next_tokens(logits), {"B", "1"})
        .note(fmt::format("{} pieces of the text: {} tokens, then {}.", sizes.size(), sizes.front(),
                          sizes.size() > 1 ? "one at a time" : "no more"));
}

}  // namespace ch8
