// Sections 9.1 and 9.2: the attention that all variants change, and the layouts of its weights.
#include <fmt/format.h>

#include <algorithm>

#include "chapters/09_every_model/projections.hpp"
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

void the_stages(Walkthrough& walk, const Setting& setting) {
    walk.section("9.1", "A model is a recipe");

    walk.step(
            "One attention, and what may differ",
            "Chapters 5 to 8 built four attentions. Most published models need no fifth one: they make other "
            "choices at the same places. One function runs all stages in this order, and a struct says which "
            "stages a model has. The steps below change one choice at a time, on these six tokens.")
        .read("recipe.hpp")
        .show("x", setting.x, {"B", "T", "dim"}, pytorch())
        .table({"stage", "choices", "file"}, {{"project", "one matrix or three, biases", "projections.cpp"},
                                              {"norm q and k", "none, each head, whole width", "norms.cpp"},
                                              {"rotate", "none, a part, scaled frequencies", "rotary.cpp"},
                                              {"cache", "all keys, a window, a chunk", "cache.cpp"},
                                              {"score", "the scale", "attention.cpp"},
                                              {"cap", "none, c tanh(score / c)", "soft_cap.cpp"},
                                              {"add a bias", "none, a slope for each head", "alibi.cpp"},
                                              {"", "learned, by distance", "distance_bias.cpp"},
                                              {"mask", "causal, window, chunk, both ways", "mask.cpp"},
                                              {"softmax", "plain, with sinks", "sinks.cpp"},
                                              {"gate", "none, sigmoid", "output_gate.cpp"},
                                              {"project back", "with or without bias", "attention.cpp"}});
}

void plain_attention(Walkthrough& walk, const Trace& trace) {
    walk.step(
            "The plain variant",
            "Three projections with biases, no positions, a causal mask, no cache. This is chapter 5's "
            "attention with two heads, and the biases are those of Qwen2: on q, k and v, none on the output.")
        .read("attention.cpp")
        .formula("q = x Wqᵀ + bq    k = x Wkᵀ + bk    v = x Wvᵀ + bv")
        .show("q", trace.q, {"B", "T", "H", "head_dim"}, pytorch())
        .show("k", trace.k, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .show("v", trace.v, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .show("attn_scores", trace.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .show("attn_weights", trace.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("output", trace.output, {"B", "T", "dim"}, pytorch());
}

void four_layouts(Walkthrough& walk, const Setting& setting, const Variants& all, const Trace& plain) {
    walk.section("9.2", "Projections");

    const auto row = [&](const char* layout, const char* used_by, const Variant& variant,
                         const ch2::Linear& first) {
        const Trace trace = run(variant, setting.x);
        const float difference =
            std::max({largest_difference(trace.q, plain.q), largest_difference(trace.k, plain.k),
                      largest_difference(trace.v, plain.v)});
        return std::vector<std::string>{layout, used_by,
                                        fmt::format("({}, {})", first.weight.shape(0), first.weight.shape(1)),
                                        told(difference)};
    };
    // The fused products of the first token.
    const auto first_token = [&](const Variant& variant) {
        const Tensor3 columns = linear(setting.x, variant.weights.qkv, false);
        return torch::select(torch::select(columns, 0), 0);
    };
    walk.step(
            "Four layouts, the same numbers",
            "One matrix product is faster than three, so many models store one matrix. Its rows have one of "
            "two orders: all queries, all keys, all values; or query, key and value of head 0, then of head "
            "1. The first token shows both orders of the same 24 numbers. GPT-2 stores a Conv1D, which is a "
            "transposed matrix. A program that reads the wrong order gets right shapes and wrong numbers.")
        .read("projections.cpp")
        .show("first_by_blocks", first_token(all.by_blocks), {"3 * H * head_dim"}, pytorch())
        .show("first_by_heads", first_token(all.by_heads), {"3 * H * head_dim"}, pytorch())
        .show("by_heads.q", run(all.by_heads, setting.x).q, {"B", "T", "H", "head_dim"}, pytorch())
        .table({"layout", "used by", "first matrix", "q, k and v differ by"},
               {row("separate", "Llama", all.plain, all.plain.weights.q),
                row("fused by blocks", "Phi-3, MPT", all.by_blocks, all.by_blocks.weights.qkv),
                row("fused by heads", "GPT-NeoX, BLOOM", all.by_heads, all.by_heads.weights.qkv),
                row("by blocks, Conv1D", "GPT-2", all.conv1d, all.conv1d.weights.qkv)});
}

// The plain variant with biases only on some projections.
Variant with_biases(const Variant& variant, bool on_q, bool on_k, bool on_v) {
    Variant some = variant;
    if (!on_q) some.weights.q.bias.reset();
    if (!on_k) some.weights.k.bias.reset();
    if (!on_v) some.weights.v.bias.reset();
    return some;
}

void what_biases_do(Walkthrough& walk, const Setting& setting, const Variants& all) {
    Variant rotated = all.plain;
    rotated.recipe.rope = small_rope();
    const Trace bare = run(with_biases(all.plain, false, false, false), setting.x),
                bare_rotated = run(with_biases(rotated, false, false, false), setting.x);
    const auto row = [&](const char* name, bool on_q, bool on_k, bool on_v) {
        const Trace trace = run(with_biases(all.plain, on_q, on_k, on_v), setting.x);
        const Trace turned = run(with_biases(rotated, on_q, on_k, on_v), setting.x);
        // What the bias adds to the output of each token, compared with what it adds to the first.
        const Tensor3 added = trace.output - bare.output;
        const Tensor3 to_first = torch::narrow(added, 1, 0, 1);
        const Tensor3 apart = added - to_first, zeros = xt::zeros_like(added);
        return std::vector<std::string>{
            name, told(largest_difference(trace.attn_weights, bare.attn_weights)),
            told(largest_difference(turned.attn_weights, bare_rotated.attn_weights)),
            told(largest_difference(added, zeros)), told(largest_difference(apart, zeros))};
    };
    walk.step(
            "Which bias does what",
            "A bias on the keys adds q · b to all scores of a query. The softmax does not change if all scores of "
            "a row change by the same number, so without positions this bias does nothing. A bias on the "
            "queries adds b · k, which differs from key to key: some keys get more weight from every query. "
            "With RoPE the key's bias is rotated by the key's position, so it becomes a preference for "
            "distances. A bias on the values does not change the weights. They sum to 1, so every context "
            "gets the whole bias, and every output the same vector.")
        .read("projections.cpp")
        .formula("q · (k + b) = q · k + q · b        (q + b) · k = q · k + b · k")
        .table({"bias on", "weights change", "with RoPE", "output changes", "unlike token 0"},
               {row("k", false, true, false), row("q", true, false, false), row("q and k", true, true, false),
                row("v", false, false, true)});
}

}  // namespace

std::string told(float difference) {
    return fmt::format("{:.1e}", difference);
}

void walk_projections(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace plain = run(all.plain, setting.x);
    the_stages(walk, setting);
    plain_attention(walk, plain);
    four_layouts(walk, setting, all, plain);
    what_biases_do(walk, setting, all);
}

}  // namespace ch9
