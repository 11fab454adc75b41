// --device: prefill in the naive form, decoding in the absorbed form, both with GPU kernels.
#include <fmt/format.h>

#include "chapters/07_multi_head_latent_attention/cuda/layer_on_device.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "common/cuda/device_walk.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch7 {
namespace {

void prefill_naively(Walkthrough& walk, const NaiveTrace& cpu, const DeviceTrace& device) {
    walk.step("All new tokens at once, in the naive form",
              "Arithmetic limits prefill, and the naive form needs the least of it. Chapter 5's "
              "flash_prefill computes attention, with keys that are wider than values. It uses bf16, so the "
              "result agrees to three digits.")
        .read("cuda/layer_on_device.cpp")
        .show("q_pe_rotated", device.made.q_pe_rotated, {"B", "T", "H", "rope"}, pytorch_unless_own(walk))
        .show("head_context, bf16 inside", device.head_context, {"B", "T", "H", "v"})
        .table({"largest difference from the CPU", ""},
               {{"q_pe_rotated",
                 told_difference(largest_difference(device.made.q_pe_rotated, cpu.made.q_pe_rotated))},
                {"head_context", told_difference(largest_difference(device.head_context, cpu.head_context))},
                {"output", told_difference(largest_difference(device.output, cpu.output))}});
}

void decode_absorbed(Walkthrough& walk, Device where, const Tensor3& x_next, const Weights& weights,
                     const Config& config, const Positions& positions, const LatentCache& cache,
                     std::size_t start_pos, const AbsorbedTrace& cpu) {
    DeviceTrace floats;
    Rows rows;
    for (const LatentRung rung : latent_rungs) {
        const Progress progress(fmt::format("one more token, {}", to_string(rung)));
        const DeviceTrace trace =
            absorbed_on(where, rung, x_next, weights, config, positions, cache, start_pos);
        rows.push_back({to_string(rung), fmt::format("{}", trace.attention.launches.size()),
                        told_difference(largest_difference(trace.context_latent, cpu.context_latent)),
                        told_difference(largest_difference(trace.output, cpu.output))});
        if (rung == LatentRung::three_products) floats = trace;
    }
    walk.step("One more token, in the absorbed form",
              "First three products with a softmax between them, as a library computes it; then one kernel "
              "that reads each latent once. Absorbing the queries, and computing values from the weighted "
              "sum, are products with one matrix for each head. cuBLAS computes each of them in one call.")
        .read("cuda/2_fused.cuh")
        .show("step.q_absorbed", floats.q_absorbed, {"B", "T", "H", "c"}, pytorch_unless_own(walk))
        .show("step.context_latent", floats.context_latent, {"B", "T", "H", "c"})
        .show("step.output", floats.output, {"B", "T", "dim"}, pytorch_unless_own(walk))
        .table({"rung", "launches", "context_latent", "output"}, rows)
        .note("Largest difference from the CPU. The last two rungs use bf16.");
}

// Random latents at DeepSeek's widths: few for the emulator, enough to fill a GPU.
LatentInput worth_measuring(Device device) {
    const bool is_gpu = device == Device::cuda;
    const int batch = is_gpu ? 8 : 1, tokens = is_gpu ? 8192 : 80;
    const LatentShape shape{batch, 16, 512, 64, tokens, tokens, 0.072f};
    return {shape, drawn_numbers(count({batch, shape.n_heads, shape.width()})),
            drawn_numbers(count({batch, tokens, shape.width()}))};
}

void what_rungs_cost(Walkthrough& walk, Device where, const std::optional<Roofs>& roofs) {
    const LatentInput input = worth_measuring(where);
    const LatentShape& s = input.shape;
    std::vector<Cost> costs;
    for (const LatentRung rung : latent_rungs) {
        // The emulator cannot count what cuBLAS does inside.
        if (where == Device::emulated && rung != LatentRung::fused) continue;
        const Progress progress(fmt::format("decoding from latents, {}", to_string(rung)));
        const double bytes_of_number = rung == LatentRung::three_products ? 4 : 2;
        const double heads = static_cast<double>(s.batch) * s.n_heads, results = heads * s.kv_lora_rank;
        const double flops = 2.0 * heads * s.tokens * (s.width() + s.kv_lora_rank);
        const double bytes =
            bytes_of_number * static_cast<double>(input.cache.size() + input.queries.size()) + 4.0 * results;
        costs.push_back({to_string(rung), flops, bytes, latent_decode(where, rung, input).report});
    }
    Step& step = walk.step(
        "What it costs",
        fmt::format(
            "At DeepSeek's widths, B = {}, H = {}, S = {}. Each of 16 heads multiplies every latent "
            "twice, so every byte that is read is used for 30 FLOPs. That is more than a GPU can compute "
            "without tensor cores, and less than tensor cores can compute.",
            s.batch, s.n_heads, s.tokens));
    step.read("cuda/2_fused.cuh");
    tell_costs(step, costs, roofs);
    if (!roofs) {
        step.note(
            "A sector is 32 bytes, the smallest piece that memory delivers. \"needed\" counts the sectors "
            "of latents, queries and result, once each. Most of the other sectors are the partial results "
            "of the splits, written and read as floats. Each split also reads the queries again.");
    }
}

}  // namespace

void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const Weights& weights, const Config& config, const Positions& positions) {
    const Device where = choice.device;
    const std::size_t start_pos = x.shape(1);
    NaiveCache naive_cache(config);
    LatentCache latent_cache(config);
    const NaiveTrace naive = naive_attention(x, weights, config, positions, naive_cache, 0);
    absorbed_attention(x, weights, config, positions, latent_cache, 0);
    const AbsorbedTrace next =
        absorbed_attention(x_next, weights, config, positions, latent_cache, start_pos);
    if (choice.warp) {
        return walk_warp(walk, "fused_latent_decode", *choice.warp, [&](const EmulatorOptions& options) {
            absorbed_on(where, LatentRung::fused, x_next, weights, config, positions, latent_cache, start_pos,
                        options);
        });
    }

    walk.section("", fmt::format("On {}", name_of(where)));
    const std::optional<Roofs> roofs = tell_device(walk, where);
    const Tensor4 keys = naive_cache.k_cache.read(x.shape(0), start_pos),
                  values = naive_cache.v_cache.read(x.shape(0), start_pos);
    prefill_naively(walk, naive, naive_on(where, x, weights, config, positions, keys, values, 0));
    decode_absorbed(walk, where, x_next, weights, config, positions, latent_cache, start_pos, next);
    what_rungs_cost(walk, where, roofs);
}

}  // namespace ch7
