#include "chapters/05_grouped_query_attention/walk_on_device.hpp"

#include <fmt/format.h>

#include "chapters/05_grouped_query_attention/cuda/demonstrations.hpp"
#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"
#include "common/cuda/device_walk.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch5 {
namespace {

using Rows = std::vector<std::vector<std::string>>;

void at_once(Walkthrough& walk, Device where, const Trace& cpu, const DeviceTrace& device) {
    walk.step("All new tokens at once",
              fmt::format(
                  "{} computes the projections, in float. flash_prefill computes attention. It rounds "
                  "queries, keys and values to bf16, which keeps 8 bits of a number, and sums the products "
                  "in float. So xq agrees to the last digit, and combined to the third.",
                  where == Device::cuda ? "cuBLAS" : "A plain loop, in place of a GPU's cuBLAS,"))
        .read("cuda/5_flash_prefill.cuh")
        .show("xq", device.xq, {"B", "T", "H", "head_dim"}, pytorch_unless_own(walk))
        .show("xk", device.xk, {"B", "T", "H_kv", "head_dim"}, pytorch_unless_own(walk))
        .show("combined", device.combined, {"B", "T", "H * head_dim"})
        .show("output, bf16 inside", device.output, {"B", "T", "dim"})
        .table({"largest difference from the CPU", ""},
               {{"xq", told_difference(largest_difference(device.xq, cpu.xq))},
                {"xk", told_difference(largest_difference(device.xk, cpu.xk))},
                {"xv", told_difference(largest_difference(device.xv, cpu.xv))},
                {"combined", told_difference(largest_difference(device.combined, cpu.combined))},
                {"output", told_difference(largest_difference(device.output, cpu.output))}});
}

void one_more(Walkthrough& walk, Device where, const Tensor3& x_next, const Weights& weights,
              const Trace& cpu, const Tensor4& keys, const Tensor4& values, const Config& config) {
    const DeviceTrace projected = project_on(where, x_next, weights, config);
    DeviceTrace floats;
    Rows rows;
    for (const DecodeRung rung : decode_rungs) {
        const Progress progress(fmt::format("one more token, {}", to_string(rung)));
        if (!supports(rung, projected, keys)) {
            rows.push_back({to_string(rung), "-", "-", "-"});
            continue;
        }
        DeviceTrace trace = projected;
        decode_on(where, rung, trace, weights, keys, values);
        rows.push_back({to_string(rung), rung == DecodeRung::tensor_cores ? "bf16" : "float",
                        told_difference(largest_difference(trace.combined, cpu.combined)),
                        told_difference(largest_difference(trace.output, cpu.output))});
        if (rung == DecodeRung::split_kv) floats = trace;
    }
    walk.step("One more token, with every rung",
              "Four kernels compute one decoding step. Each is a file of its own and removes one cost of "
              "the kernel before. They must agree. The first three use float and agree except for the last "
              "digit, because they add in another order.")
        .read("cuda/1_naive.cuh")
        .table({"rung", "numbers", "combined", "output"}, rows)
        .note(
            "Largest difference from the CPU. A dash: this rung does not support heads of this width, or "
            "groups of this size.")
        .show("step.output", floats.output, {"B", "T", "dim"}, pytorch_unless_own(walk));
}

// Random data to decode, at a size that is large enough to count, or on a GPU to time: B, H, H_kv, head_dim,
// S.
DecodeInput worth_measuring(Device device) {
    const bool is_gpu = device == Device::cuda;
    const int batch = is_gpu ? 8 : 1, n_heads = is_gpu ? 32 : 8, n_kv_heads = is_gpu ? 8 : 2,
              head_dim = is_gpu ? 128 : 64;
    const int tokens = is_gpu ? 4096 : 160;
    const DecodeShape shape{batch, n_heads, n_kv_heads, head_dim, tokens, tokens, 0, 0.1f};

    const std::size_t cached = count({batch, tokens, n_kv_heads, head_dim});
    return {shape, drawn_numbers(count({batch, n_heads, head_dim})), drawn_numbers(cached),
            drawn_numbers(cached)};
}

std::string times_read(const RunReport& report) {
    for (const MemoryReport& memory : report.memory) {
        if (memory.name != "keys") continue;
        return fmt::format("{:.0f}", static_cast<double>(memory.bytes_read) /
                                         static_cast<double>(memory.different_bytes_read));
    }
    return "";
}

void what_is_caught(Walkthrough& walk) {
    walk.step("A missing barrier",
              "Warp 0 writes 32 numbers to shared memory and warp 1 reads them, but the line with "
              "__syncthreads is missing. On a GPU, warp 0 is usually first, so the kernel seems to work. "
              "The emulator does not depend on the order. For every number in shared memory, it knows which "
              "thread wrote it and which barriers came between, and it reports both source lines.")
        .read("cuda/demonstrations.cuh")
        .note(fmt::format("The emulator says: {}", without_barrier()));

    const BankConflicts plain = conflicts_without_swizzle(), swizzled = conflicts_with_swizzle();
    walk.step("Eight rows, the same banks",
              "ldmatrix reads 16 bytes from each of eight rows at a time. If the rows of a tile are 128 "
              "bytes long, all eight pieces are in the same four banks of shared memory, so the reads wait "
              "for each other. The swizzle moves the chunks of a row by the number of the row, so every row "
              "starts in other banks.")
        .read("common/cuda/tile.cuh")
        .table({"a warp reads a 16 x 64 tile", "cycles", "at best"},
               {{"rows as they come", fmt::format("{}", plain.cycles), fmt::format("{}", plain.needed)},
                {"swizzled", fmt::format("{}", swizzled.cycles), fmt::format("{}", swizzled.needed)}});
}

// Every rung at a size at which it is worth counting or timing.
void what_rungs_cost(Walkthrough& walk, Device where, const std::optional<Roofs>& roofs) {
    const DecodeInput input = worth_measuring(where);
    const DecodeShape& s = input.shape;
    std::vector<Cost> costs;
    Rows reads;
    for (const DecodeRung rung : decode_rungs) {
        const Progress progress(fmt::format("decoding, {}", to_string(rung)));
        const DecodeRun run = decode(where, rung, input);
        const double bytes_of_number = rung == DecodeRung::tensor_cores ? 2 : 4;
        const double keys = 2.0 * static_cast<double>(input.keys.size()),
                     queries = static_cast<double>(input.queries.size());
        costs.push_back({to_string(rung), 4.0 * queries * s.tokens,
                         bytes_of_number * (keys + queries) + 4.0 * queries, run.report});
        reads.push_back({to_string(rung), times_read(run.report)});
    }
    Step& step = walk.step(
        "What each rung costs",
        fmt::format(
            "At B = {}, H = {}, H_kv = {}, head_dim = {}, S = {}. Every key is needed once. A kernel that "
            "handles one head at a time reads it {} times.",
            s.batch, s.n_heads, s.n_kv_heads, s.head_dim, s.tokens, s.group()));
    step.read("cuda/4_tensor_cores.cuh");
    tell_costs(step, costs, roofs);
    if (!roofs) {
        step.table({"", "times that each key is read"}, reads);
        step.note(
            "A sector is 32 bytes, the smallest piece that memory delivers. \"needed\" counts the sectors "
            "of keys, values, queries and result, once each. An mma is 2048 multiplications by one warp. "
            "The counts ignore caches, so the first rung looks worse than it is. Split KV has one split "
            "here, because 8 heads already give two blocks to each of the emulator's 4 multiprocessors.");
    }
}

}  // namespace

void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const Weights& weights, const Config& config) {
    const Device where = choice.device;
    KVCache cache(config);
    const Trace first = grouped_query_attention(x, weights, config, cache, 0);
    const Trace next = grouped_query_attention(x_next, weights, config, cache, x.shape(1));
    const std::size_t batch = x.shape(0), start_pos = x.shape(1);
    if (choice.warp) {
        return walk_warp(walk, "decode_tensor_cores", *choice.warp, [&](const EmulatorOptions& options) {
            DeviceTrace trace = project_on(where, x_next, weights, config);
            decode_on(where, DecodeRung::tensor_cores, trace, weights, cache.keys(batch, start_pos + 1),
                      cache.values(batch, start_pos + 1), options);
        });
    }

    walk.section("", fmt::format("On {}", name_of(where)));
    const std::optional<Roofs> roofs = tell_device(walk, where);
    DeviceTrace at_first;
    {
        const Progress progress("all new tokens at once");
        at_first = project_on(where, x, weights, config);
        prefill_on(where, at_first, weights, cache.keys(batch, start_pos), cache.values(batch, start_pos));
    }
    at_once(walk, where, first, at_first);
    one_more(walk, where, x_next, weights, next, cache.keys(batch, start_pos + 1),
             cache.values(batch, start_pos + 1), config);
    what_rungs_cost(walk, where, roofs);
    if (where == Device::emulated) what_is_caught(walk);
}

}  // namespace ch5
