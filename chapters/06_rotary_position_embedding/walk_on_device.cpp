#include "chapters/06_rotary_position_embedding/walk_on_device.hpp"

#include <fmt/format.h>

#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/06_rotary_position_embedding/cuda/layer_on_device.hpp"
#include "common/cuda/device_walk.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch6 {
namespace {

using DeviceRows = std::vector<std::vector<std::string>>;

// The CPU's results, which the device must reproduce.
struct OnCpu {
    Trace first, next;
    Tensor4 keys;  // (B, T, H_kv, head_dim), from the cache after the first call
};

OnCpu run_on_cpu(const Tensor3& x, const Tensor3& x_next, const ch5::Weights& weights,
                 const ch5::Config& config, const ComplexMatrix& table) {
    ch5::KVCache cache(config);
    OnCpu cpu;
    cpu.first = llama_attention(x, weights, config, table, cache, 0);
    cpu.keys = cache.keys(x.shape(0), x.shape(1));
    cpu.next = llama_attention(x_next, weights, config, table, cache, x.shape(1));
    return cpu;
}

// Runs all rungs that support the layer. Later steps use the result of the second, because it uses floats.
struct Appended {
    ch5::DeviceTrace trace;
    DeviceCache cache;
};

Appended turn_and_append(Walkthrough& walk, Device where, const Tensor3& x, const ch5::Weights& weights,
                         const ch5::Config& config, const ComplexMatrix& table, const OnCpu& cpu) {
    const Appended projected{ch5::project_on(where, x, weights, config), DeviceCache(config, x.shape(0))};
    Appended kept = projected;
    DeviceRows rows;
    for (const RopeRung rung : rope_rungs) {
        if (!supports(rung, projected.trace)) {
            rows.push_back({to_string(rung), "-", "-", "-"});
            continue;
        }
        Appended tried = projected;
        const RunReport report = append_on(where, rung, tried.trace, table, tried.cache, 0);
        const Tensor4 keys = torch::narrow(tried.cache.keys, 1, 0, x.shape(1));
        rows.push_back({to_string(rung), fmt::format("{}", report.launches.size()),
                        told_difference(largest_difference(tried.trace.xq, cpu.first.attended.xq)),
                        told_difference(largest_difference(keys, cpu.keys))});
        if (rung == RopeRung::fused) kept = tried;
    }
    walk.step("Rotate and append",
              "Queries and keys are rotated, and keys and values go into the cache. The chapter's own code "
              "makes four passes over memory for this, and writes the rotated keys twice. The fused kernel "
              "reads each number once, rotates it in a register, and writes it to its final place. There is "
              "hardly any arithmetic here, so the number of trips to memory decides the time.")
        .read("cuda/2_fused.cuh")
        .table({"rung", "launches", "xq_rotated", "cached keys"}, rows)
        .note(
            "Largest difference from the CPU. 16 bytes for each thread need a head_dim that is a multiple "
            "of 8; bf16 keeps three digits.")
        .show("xq_rotated", kept.trace.xq, {"B", "T", "H", "head_dim"}, pytorch_unless_own(walk))
        .show("cache_k", kept.cache.keys, {"B", "max_seq", "H_kv", "head_dim"});
    return kept;
}

void whole_attention(Walkthrough& walk, Device where, const Tensor3& x_next, const ch5::Weights& weights,
                     const ch5::Config& config, const ComplexMatrix& table, const OnCpu& cpu,
                     Appended& device) {
    const std::size_t tokens = cpu.keys.shape(1);
    const auto kept = [&](const Tensor4& cache, std::size_t stop) {
        return torch::narrow(cache, 1, 0, stop);
    };

    // Both calls use chapter 5's attention, which knows nothing about positions.
    ch5::prefill_on(where, device.trace, weights, kept(device.cache.keys, tokens),
                    kept(device.cache.values, tokens));
    ch5::DeviceTrace next = ch5::project_on(where, x_next, weights, config);
    append_on(where, RopeRung::fused, next, table, device.cache, tokens);
    const Tensor4 turned = next.xq;
    DeviceRows rows{{"all at once, flash_prefill, bf16",
                     told_difference(largest_difference(device.trace.output, cpu.first.attended.output))}};
    Tensor3 output;
    for (const ch5::DecodeRung rung : ch5::decode_rungs) {
        if (!ch5::supports(rung, next, device.cache.keys)) continue;
        ch5::decode_on(where, rung, next, weights, kept(device.cache.keys, tokens + 1),
                       kept(device.cache.values, tokens + 1));
        rows.push_back({fmt::format("one more token, {}", ch5::to_string(rung)),
                        told_difference(largest_difference(next.output, cpu.next.attended.output))});
        if (rung == ch5::DecodeRung::split_kv) output = next.output;
    }
    walk.step("The whole attention",
              "The rest uses the kernels of chapter 5, which know nothing about positions, because the "
              "cache stores rotated keys. Row 3 of the table rotates the new token's query, on the device "
              "too.")
        .read("cuda/layer_on_device.cpp")
        .show("step.xq_rotated", turned, {"B", "T", "H", "head_dim"}, pytorch_unless_own(walk))
        .show("step.output", output, {"B", "T", "dim"}, pytorch_unless_own(walk))
        .table({"output", "largest difference from the CPU"}, rows);
}

// Random tokens to rotate, at a size that is large enough to count, or on a GPU to time.
RopeInput worth_measuring(Device device) {
    const bool is_gpu = device == Device::cuda;
    const int n_heads = is_gpu ? 32 : 8, n_kv_heads = is_gpu ? 8 : 2, head_dim = is_gpu ? 128 : 64,
              tokens = is_gpu ? 8192 : 16;
    const RopeShape shape{1, n_heads, n_kv_heads, head_dim, tokens, 0, tokens};
    const std::size_t queries = count({tokens, n_heads, head_dim}),
                      keys = count({tokens, n_kv_heads, head_dim});
    return {shape,
            drawn_numbers(count({tokens, head_dim})),
            drawn_numbers(queries),
            drawn_numbers(keys),
            drawn_numbers(keys),
            drawn_numbers(keys),
            drawn_numbers(keys)};
}

void what_rungs_cost(Walkthrough& walk, Device where, const std::optional<Roofs>& roofs) {
    const RopeInput input = worth_measuring(where);
    const RopeShape& s = input.shape;
    std::vector<Cost> costs;
    for (const RopeRung rung : rope_rungs) {
        const Progress progress(fmt::format("rotating and appending, {}", to_string(rung)));
        const double bytes_of_number = rung == RopeRung::fused_wide ? 2 : 4;
        const double numbers = static_cast<double>(input.xq.size() + input.xk.size() + input.xv.size());
        const double turned = static_cast<double>(input.xq.size() + input.xk.size()),
                     table = static_cast<double>(input.table.size());
        costs.push_back({to_string(rung), 3.0 * turned, 2.0 * bytes_of_number * numbers + 4.0 * table,
                         rope_append(where, rung, input).report});
    }
    Step& step = walk.step(
        "What each rung costs",
        fmt::format(
            "At B = {}, T = {}, H = {}, H_kv = {}, head_dim = {}. At best, a kernel reads every number "
            "once and writes it once. Each warp of a token reads the table's row again.",
            s.batch, s.new_tokens, s.n_heads, s.n_kv_heads, s.head_dim));
    step.read("cuda/1_separate.cuh");
    tell_costs(step, costs, roofs);
    if (!roofs)
        step.note(
            "A sector is 32 bytes, the smallest piece that memory delivers. The counts "
            "ignore caches.");
}

}  // namespace

void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const ch5::Weights& weights, const ch5::Config& config, const ComplexMatrix& table) {
    const Device where = choice.device;
    if (choice.warp) {
        return walk_warp(walk, "rope_append", *choice.warp, [&](const EmulatorOptions& options) {
            ch5::DeviceTrace trace = ch5::project_on(where, x, weights, config);
            DeviceCache cache(config, x.shape(0));
            append_on(where, RopeRung::fused, trace, table, cache, 0, options);
        });
    }
    const OnCpu cpu = run_on_cpu(x, x_next, weights, config, table);
    walk.section("", fmt::format("On {}", name_of(where)));
    const std::optional<Roofs> roofs = tell_device(walk, where);
    Appended device = turn_and_append(walk, where, x, weights, config, table, cpu);
    whole_attention(walk, where, x_next, weights, config, table, cpu, device);
    what_rungs_cost(walk, where, roofs);
}

}  // namespace ch6
