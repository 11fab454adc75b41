// Section 8.5: a layer that sees the whole text and knows no positions.
#include <fmt/format.h>

#include "chapters/08_llama_4/temperature.hpp"
#include "chapters/08_llama_4/walk.hpp"

namespace ch8 {
namespace {

// The last token's output of a layer's attention, for x (1, T, dim).
Tensor3 last_output(const Tensor3& x, const Setting& setting, std::size_t layer) {
    ch5::KVCache cache(setting.config.heads);
    const AttentionTrace trace =
        attention(x, setting.weights.layers[layer].attention, setting.config, layer, setting.table, cache, 0);
    return torch::narrow(trace.attended.output, 1, x.shape(1) - 1, 1);
}

void no_positions(Walkthrough& walk, const Setting& setting, const BlockTrace& block) {
    walk.section("8.5", "Layer 3: attention to everything");

    // "one" and "step" are in one chunk. Swap two earlier words of the chunk that the last word sees.
    const auto swapped = [](const Tensor3& x, std::size_t a, std::size_t b) {
        Tensor3 other = x;
        xt::view(other, xt::all(), a) = xt::view(x, xt::all(), b);
        xt::view(other, xt::all(), b) = xt::view(x, xt::all(), a);
        return other;
    };
    Config one_chunk = setting.config;
    one_chunk.attention_chunk_size.reset();
    Setting without_chunks = setting;
    without_chunks.config = one_chunk;
    const auto change = [&](std::size_t layer) {
        const Tensor3& x = setting.trace.layers[layer].attention_norm;
        return fmt::format("{:.1e}",
                           largest_difference(last_output(x, without_chunks, layer),
                                              last_output(swapped(x, 1, 3), without_chunks, layer)));
    };
    walk.step(
            "No positions",
            "Layer 3 has no RoPE and no QK norm (NoPE: No Position Embedding). So the order of the earlier "
            "tokens makes no difference to a query, only the mask tells early from late. The other layers "
            "tell it what is near. A text that is much longer than those of the training contains no angle "
            "that this layer has not seen. The table swaps two earlier tokens in the layer's input and shows "
            "how much the last token's output changes. For this comparison layer 0 has no chunks.")
        .read("attention.cpp")
        .table({"\"journey\" and \"with\" swapped", "the last output changes by"},
               {{"layer 0, with RoPE", change(0)}, {"layer 3, without", change(3)}})
        .show("nope.xq", block.attention.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("nope.xk", block.attention.xk, {"B", "T", "H_kv", "head_dim"}, pytorch());
}

void temperature_of_queries(Walkthrough& walk, const AttentionTrace& made) {
    Rows rows;
    for (const std::size_t position : {0UL, 8190UL, 8191UL, 16383UL, 131071UL, 1048575UL, 10485759UL}) {
        rows.push_back(
            {fmt::format("{}", position), fmt::format("{:.4f}", temperature(position, 1, 8192.0f, 0.1f)(0))});
    }
    walk.step(
            "Temperature",
            "A softmax over a million keys is flatter than one over a thousand: a score that stands out by "
            "the same amount gets a smaller weight. Llama 4 multiplies a query by a factor that grows with "
            "the logarithm of its position, which makes the softmax sharper. The floor makes it grow in "
            "steps of floor_scale tokens, here 2. Only layers without RoPE do this. The position is counted "
            "from the beginning of the text, not of the call. The table has the values of Llama 4: "
            "floor_scale 8192, attn_scale 0.1.")
        .read("temperature.cpp")
        .formula("q ← q · (ln(⌊(position + 1) / floor_scale⌋ + 1) · attn_scale + 1)")
        .table({"position", "factor in Llama 4"}, rows)
        .show("nope.temperature", made.temperature, {"T"}, pytorch())
        .show("nope.xq_scaled", made.xq_scaled, {"B", "T", "H", "head_dim"}, pytorch());
}

void global_attention(Walkthrough& walk, const Setting& setting, const BlockTrace& block) {
    const auto head_0 = [](const BlockTrace& of) {
        return torch::select(torch::select(of.attention.attended.attn_weights, 0), 0);
    };
    const ch5::Trace& attended = block.attention.attended;
    const std::vector<std::string> words = words_of(setting.tokens);
    walk.step("Attend to the whole text",
              "The mask is causal and has no chunks, so \"one\" and \"step\" see the first four words here. "
              "The scores are not bounded by a norm.")
        .read("attention.cpp")
        .show("nope.attn_scores", attended.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .show("nope.attn_weights", attended.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("nope.attention", attended.output, {"B", "T", "dim"}, pytorch())
        .side_by_side({"Layer 3, head 0", head_0(block), words},
                      {"Layer 0, head 0", head_0(setting.trace.layers[0]), words});
}

}  // namespace

void walk_global_attention(Walkthrough& walk, const Setting& setting) {
    const BlockTrace& block = setting.trace.layers[3];
    no_positions(walk, setting, block);
    temperature_of_queries(walk, block.attention);
    global_attention(walk, setting, block);
}

}  // namespace ch8
