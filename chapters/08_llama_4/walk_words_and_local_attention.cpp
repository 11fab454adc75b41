// Sections 8.1 and 8.2: from words to embeddings, and a layer that sees what is near.
#include <fmt/format.h>

#include "chapters/08_llama_4/chunked_mask.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"
#include "chapters/08_llama_4/walk.hpp"

namespace ch8 {
namespace {

Rows kinds_of_layers(const Config& config) {
    Rows rows;
    for (std::size_t layer = 0; layer < config.n_layers; ++layer) {
        const bool has_rope = !contains(config.nope_layers, layer);
        const bool is_global = contains(config.global_layers, layer);
        rows.push_back(
            {fmt::format("{}", layer), has_rope ? "yes" : "no", has_rope ? "yes" : "no",
             is_global ? "causal" : fmt::format("causal, chunks of {}", *config.attention_chunk_size),
             has_rope ? "no" : "yes", contains(config.moe_layers, layer) ? "experts" : "dense"});
    }
    return rows;
}

void words_become_numbers(Walkthrough& walk, const Setting& setting) {
    walk.section("8.1", "A model, from words to words");

    walk.step("Words, numbers, embeddings",
              "A model reads numbers. Each word of the text is replaced by its number in the vocabulary, and "
              "each number by its row of tok_embeddings. The rows are parameters, random ones here.")
        .read("model.cpp")
        .show("tokens", setting.tokens, {"B", "T"}, pytorch())
        .show("embeddings", setting.embeddings, {"B", "T", "dim"}, pytorch());

    walk.step(
            "Four layers of two kinds",
            "A layer is attention and a feed-forward network. In Llama 4, most layers know positions and see "
            "only their own chunk of the text. Every fourth layer (nope_layer_interval) sees the whole text "
            "and has no positions at all. Every second layer here (interleave_moe_layer_step) has experts. "
            "Layers are counted from 0, and the rules count from 1: layer i has no positions if i + 1 is "
            "a multiple of 4.")
        .read("config.hpp")
        .table({"layer", "RoPE", "QK norm", "mask", "temperature", "network"},
               kinds_of_layers(setting.config));
}

void norm_and_projections(Walkthrough& walk, const BlockTrace& block) {
    walk.section("8.2", "Layer 0: attention to what is near");

    walk.step("Norm first",
              "Attention does not read the tokens themselves. It reads a copy that RMSNorm (chapter 7) has "
              "scaled: every row has the root mean square 1. The norm's weights are all 1 here.")
        .read("block.cpp")
        .formula("norm(x) = x / √(mean(x²) + eps) ⊙ weight")
        .show("attention_norm", block.attention_norm, {"B", "T", "dim"}, pytorch());

    walk.step(
            "Project and split into heads",
            "As in chapter 5: four query heads, and two key and value heads. Here head_dim is a field of its "
            "own, 4, and not dim / n_heads.")
        .read("attention.cpp")
        .formula("xq = x wqᵀ    xk = x wkᵀ    xv = x wvᵀ")
        .show("xq", block.attention.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk", block.attention.xk, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .show("xv", block.attention.attended.xv, {"B", "T", "H_kv", "head_dim"}, pytorch());
}

void positions_and_qk_norm(Walkthrough& walk, const Setting& setting, const AttentionTrace& made) {
    walk.step("Rotate", "RoPE rotates every pair of a query or key by its position, as in chapter 6.")
        .read("attention.cpp")
        .show("xq_rotated", made.xq_rotated, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk_rotated", made.xk_rotated, {"B", "T", "H_kv", "head_dim"}, pytorch());

    walk.step("QK norm",
              "Now each head of each query and key is scaled to the root mean square 1. So its length is "
              "√head_dim = 2, and a score divided by √head_dim is at most 2: no score can grow without bound "
              "while the model is trained. There are no weights, and every head has its own norm.")
        .read("qk_norm.cpp")
        .formula("q ← q / √(mean(q²) + eps)        k ← k / √(mean(k²) + eps)")
        .show("xq_normed", made.xq_normed, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk_normed", made.xk_normed, {"B", "T", "H_kv", "head_dim"}, pytorch());

    // The norm and the rotation in both orders.
    const float eps = setting.config.norm_eps;
    const Vector ones = {1.0f, 1.0f, 1.0f, 1.0f}, learned = {1.0f, 0.5f, 2.0f, 1.5f};
    const auto difference = [&](const Vector& weight) {
        const Tensor4 norm_last = qk_norm(made.xq_rotated, weight, eps);
        const Tensor4 norm_first = ch6::rotate(qk_norm(made.xq, weight, eps), setting.table, 0);
        return fmt::format("{:.1e}", largest_difference(norm_first, norm_last));
    };
    walk.step(
            "Norm before or after the rotation?",
            "A rotation does not change the length of a pair, so a norm without weights commutes with it. A "
            "weight for each number of the head does not: the rotation mixes the two numbers of a pair. "
            "Qwen3 has such weights, and norms before it rotates. Code that moves that norm computes "
            "other scores.")
        .read("qk_norm.hpp")
        .table({"weights of the norm", "largest difference of both orders"},
               {{"none (Llama 4)", difference(ones)},
                {"1, 0.5, 2, 1.5 (as Qwen3 has them)", difference(learned)}});
}

void two_masks(Walkthrough& walk, const Setting& setting) {
    // 1 where a query sees a key.
    const auto visible = [&](std::size_t layer) {
        const ch3::MaskMatrix mask = mask_of(setting.config, layer, setting.tokens.shape(1), 0);
        const Matrix keys_seen = xt::where(mask, 0.0f, 1.0f);
        return keys_seen;
    };
    const std::vector<std::string> words = words_of(setting.tokens);
    walk.step("Two masks",
              "The global mask is chapter 3's: a query sees itself and all earlier keys. The local mask also "
              "splits the text into chunks of 4 tokens, and a query sees only its own chunk. It is not a "
              "sliding window: \"one\" starts a chunk and sees itself alone, and no key of the first chunk.")
        .read("chunked_mask.cpp")
        .formula("j ≤ i and ⌊j / chunk⌋ = ⌊i / chunk⌋")
        .side_by_side({"Layer 3, global mask", visible(3), words},
                      {"Layer 0, local mask", visible(0), words});
}

void local_attention(Walkthrough& walk, const BlockTrace& block) {
    const ch5::Trace& attended = block.attention.attended;
    walk.step(
            "Scores, mask, softmax",
            "The fifth and sixth rows of each head have no weight on the first four keys: for this layer, a "
            "new text begins there. What is in the first chunk can reach these tokens only through layer "
            "3.")
        .read("attention.cpp")
        .formula("A = softmax(mask(Q Kᵀ) / √head_dim)")
        .show("attn_scores", attended.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .show("masked", attended.masked, {"B", "H", "T", "S"}, pytorch())
        .show("attn_weights", attended.attn_weights, {"B", "H", "T", "S"}, pytorch());

    walk.step("Weighted sum, output, residual",
              "The weighted sums of all heads stand side by side, and wo projects them back to dim numbers. "
              "The result is added to the tokens that came in, not to their normed copy. So each layer only "
              "adds to what is there.")
        .read("block.cpp")
        .formula("h = x + attention(norm(x))")
        .show("combined", attended.combined, {"B", "T", "H * head_dim"}, pytorch())
        .show("attention", attended.output, {"B", "T", "dim"}, pytorch())
        .show("h", block.h, {"B", "T", "dim"}, pytorch());
}

}  // namespace

std::vector<std::string> words_of(const Tokens& tokens) {
    std::vector<std::string> words;
    for (const std::int64_t token : tokens) words.push_back(word(token));
    return words;
}

void walk_words_and_local_attention(Walkthrough& walk, const Setting& setting) {
    const BlockTrace& block = setting.trace.layers[0];
    words_become_numbers(walk, setting);
    norm_and_projections(walk, block);
    positions_and_qk_norm(walk, setting, block.attention);
    two_masks(walk, setting);
    local_attention(walk, block);
}

}  // namespace ch8
