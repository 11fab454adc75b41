#include "chapters/08_llama_4/walk_on_device.hpp"

#include <fmt/format.h>

#include "chapters/08_llama_4/cuda/layer_on_device.hpp"
#include "common/cuda/device_walk.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch8 {
namespace {

using DeviceRows = std::vector<std::vector<std::string>>;

// Layer 0 of the small model: what it reads and holds, and the CPU's results for it.
struct LocalLayer {
    const Tensor3& x;  // (1, T, dim), normed
    const ch5::Weights& weights;
    const AttentionTrace& cpu;
    std::size_t chunk;
};

void from_words_to_keys(Walkthrough& walk, const LocalOnDevice& made, const AttentionTrace& cpu) {
    walk.step(
            "Project, rotate, norm",
            "Layer 0, as in section 8.2. The device computes the projections, and the fused kernel of chapter "
            "6 rotates queries and keys. QK norm has no kernel of its own here: the CPU computes it. All of "
            "this is in float.")
        .read("cuda/layer_on_device.cpp")
        .show("xq_rotated", made.xq_rotated, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk_rotated", made.xk_rotated, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .show("xq_normed", made.xq_normed, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk_normed", made.xk_normed, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .table({"largest difference from the CPU", ""},
               {{"xq_normed", told_difference(largest_difference(made.xq_normed, cpu.xq_normed))},
                {"xk_normed", told_difference(largest_difference(made.xk_normed, cpu.xk_normed))},
                {"xv", told_difference(largest_difference(made.xv, cpu.attended.xv))}});
}

void at_once(Walkthrough& walk, Device where, const LocalLayer& layer, const LocalOnDevice& made) {
    const ch5::Trace& cpu = layer.cpu.attended;
    const ch5::DeviceTrace device = prefill_in_chunks(where, made, layer.weights, layer.chunk);
    walk.step("All words at once, in chunks",
              fmt::format(
                  "Chapter 5's flash_prefill, with a chunk of {}. A tile of queries begins at the first key "
                  "of its first query, and reads no earlier key. Inside the tile, the scores of keys before "
                  "a query's own chunk are masked. The kernel uses bf16, so the result agrees to the "
                  "third digit.",
                  layer.chunk))
        .read("chapters/05_grouped_query_attention/cuda/5_flash_prefill.cuh")
        .show("combined, bf16 inside", device.combined, {"B", "T", "H * head_dim"})
        .table({"largest difference from the CPU", ""},
               {{"combined", told_difference(largest_difference(device.combined, cpu.combined))},
                {"attention", told_difference(largest_difference(device.output, cpu.output))}});
}

// Row t of a tensor (1, T, width).
Tensor3 row_of(const Tensor3& tensor, std::size_t t) {
    return torch::narrow(tensor, 1, t, 1);
}

void word_by_word(Walkthrough& walk, Device where, const LocalLayer& layer, const LocalOnDevice& made) {
    const ch5::Trace& cpu = layer.cpu.attended;
    Tensor3 combined = xt::zeros_like(cpu.combined), attention = xt::zeros_like(cpu.output);
    DeviceRows rows;
    for (std::size_t t = 0; t < layer.x.shape(1); ++t) {
        const Progress progress(fmt::format("decoding, position {}", t));
        const std::size_t first_key = t / layer.chunk * layer.chunk;
        rows.push_back(
            {fmt::format("{}", t), fmt::format("{}", first_key), fmt::format("{}", t + 1 - first_key)});
        for (const ch5::DecodeRung rung : ch5::decode_rungs) {
            const ch5::DeviceTrace step = decode_in_chunk(where, rung, made, layer.weights, layer.chunk, t);
            rows.back().push_back(told_difference(largest_difference(step.output, row_of(cpu.output, t))));
            if (rung != ch5::DecodeRung::split_kv) continue;
            xt::view(combined, xt::all(), t) = xt::view(step.combined, xt::all(), 0);
            xt::view(attention, xt::all(), t) = xt::view(step.output, xt::all(), 0);
        }
    }
    DeviceRows::value_type header = {"position", "first key", "keys"};
    for (const ch5::DecodeRung rung : ch5::decode_rungs) header.push_back(ch5::to_string(rung));
    walk.step(
            "Word by word, from a first key",
            "Every word as a decoding step, with all four kernels of chapter 5. The new token sees the keys from "
            "the first of its chunk on. The kernel gets this first key as a number and starts there, so it needs "
            "no mask. Together, the six steps of split KV give the tensors of the prefill.")
        .read("chapters/05_grouped_query_attention/cuda/decode_shape.hpp")
        .show("combined", combined, {"B", "T", "H * head_dim"}, pytorch())
        .show("attention", attention, {"B", "T", "dim"}, pytorch())
        .table(header, rows)
        .note("Largest difference from the CPU's attention. The last kernel uses bf16.");
}

// The sizes of a text that is longer than a chunk. On a GPU: the heads and the chunk of Llama 4 Scout.
struct LongText {
    int n_heads, n_kv_heads, head_dim, tokens, chunk;
};
LongText worth_measuring(Device device) {
    return device == Device::cuda ? LongText{40, 8, 128, 32768, 8192} : LongText{8, 2, 64, 256, 64};
}

// One decoding step for the last token of the text.
Cost cost_of_decode(Device where, const std::string& name, const LongText& text, int first_key) {
    const int tokens = text.tokens - first_key;
    const ch5::DecodeShape shape{.batch = 1,
                                 .n_heads = text.n_heads,
                                 .n_kv_heads = text.n_kv_heads,
                                 .head_dim = text.head_dim,
                                 .tokens = tokens,
                                 .max_tokens = text.tokens,
                                 .first_key = first_key,
                                 .softmax_scale = 0.1f};
    const std::size_t queries = count({text.n_heads, text.head_dim}),
                      cached = count({text.tokens, text.n_kv_heads, text.head_dim});
    const ch5::DecodeRun run =
        ch5::decode(where, ch5::DecodeRung::tensor_cores,
                    {shape, drawn_numbers(queries), drawn_numbers(cached), drawn_numbers(cached)});
    // bf16, 2 bytes, for keys, values and queries; float for the result.
    const double row = static_cast<double>(queries);
    const double keys = static_cast<double>(count({tokens, text.n_kv_heads, text.head_dim}));
    return {name, 4.0 * row * tokens, 2.0 * (2.0 * keys + row) + 4.0 * row, run.report};
}

// All tokens of the text at once.
Cost cost_of_prefill(Device where, const std::string& name, const LongText& text, int chunk) {
    const ch5::PrefillShape shape{.batch = 1,
                                  .n_heads = text.n_heads,
                                  .n_kv_heads = text.n_kv_heads,
                                  .qk_head_dim = text.head_dim,
                                  .v_head_dim = text.head_dim,
                                  .new_tokens = text.tokens,
                                  .start_pos = 0,
                                  .chunk = chunk,
                                  .softmax_scale = 0.1f};
    const std::size_t queries = count({text.tokens, text.n_heads, text.head_dim}),
                      cached = count({text.tokens, text.n_kv_heads, text.head_dim});
    const ch5::PrefillRun run =
        ch5::prefill(where, {shape, drawn_numbers(queries), drawn_numbers(cached), drawn_numbers(cached)});
    double seen = 0;
    for (int t = 0; t < text.tokens; ++t) seen += t + 1 - shape.first_key(t);
    return {name, 4.0 * seen * text.n_heads * text.head_dim, 4.0 * static_cast<double>(queries + cached),
            run.report};
}

void what_a_chunk_saves(Walkthrough& walk, Device where, const std::optional<Roofs>& roofs) {
    const LongText text = worth_measuring(where);
    const int first_key = (text.tokens - 1) / text.chunk * text.chunk;
    std::vector<Cost> costs;
    {
        const Progress progress("counting what a chunk saves");
        costs = {cost_of_decode(where, "one token, global", text, 0),
                 cost_of_decode(where, "one token, local", text, first_key),
                 cost_of_prefill(where, "prefill, global", text, 0),
                 cost_of_prefill(where, "prefill, local", text, text.chunk)};
    }
    Step& step = walk.step(
        "What a chunk saves",
        fmt::format(
            "A text of {} tokens, in chunks of {}; H = {}, H_kv = {}, head_dim = {}. A global layer reads all "
            "keys for the last token, and a local layer reads those of the last chunk. With a longer text, "
            "only the global layers need more time for each new token.",
            text.tokens, text.chunk, text.n_heads, text.n_kv_heads, text.head_dim));
    step.read("chapters/05_grouped_query_attention/cuda/prefill_shape.hpp");
    tell_costs(step, costs, roofs);
    if (!roofs) {
        step.note(
            "A sector is 32 bytes, the smallest piece that memory delivers. An mma is 2048 multiplications by one "
            "warp. The counts ignore caches.");
    }
}

}  // namespace

void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Setting& setting) {
    const Device where = choice.device;
    const BlockTrace& block = setting.trace.layers[0];
    const LocalLayer layer{.x = block.attention_norm,
                           .weights = setting.weights.layers[0].attention,
                           .cpu = block.attention,
                           .chunk = *setting.config.attention_chunk_size};
    const LocalOnDevice made = project_on(where, layer.x, layer.weights, setting.config, setting.table);
    if (choice.warp) {
        return walk_warp(walk, "decode_tensor_cores", *choice.warp, [&](const EmulatorOptions& options) {
            decode_in_chunk(where, ch5::DecodeRung::tensor_cores, made, layer.weights, layer.chunk,
                            layer.x.shape(1) - 1, options);
        });
    }

    walk.section("", fmt::format("Layer 0 on {}", name_of(where)));
    const std::optional<Roofs> roofs = tell_device(walk, where);
    from_words_to_keys(walk, made, layer.cpu);
    at_once(walk, where, layer, made);
    word_by_word(walk, where, layer, made);
    what_a_chunk_saves(walk, where, roofs);
}

}  // namespace ch8
