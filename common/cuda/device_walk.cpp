#include "common/cuda/device_walk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace {

using Row = std::vector<std::string>;

// "1 234 567": counts that can be compared by eye.
std::string grouped(std::int64_t number) {
    const std::string digits = fmt::format("{}", number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
        text += digits[i];
    }
    return text;
}

// Of all launches of a piece of work.
KernelCounts added_up(const RunReport& report) {
    KernelCounts sum;
    for (const LaunchReport& launch : report.launches) {
        sum.mma += launch.counts.mma;
        sum.block_barriers += launch.counts.block_barriers;
        sum.global_reads += launch.counts.global_reads;
        sum.global_writes += launch.counts.global_writes;
        sum.shared_reads += launch.counts.shared_reads;
        sum.shared_writes += launch.counts.shared_writes;
    }
    return sum;
}

Row counted(const Cost& cost) {
    const KernelCounts counts = added_up(cost.report);
    return {cost.name,
            fmt::format("{}", cost.report.launches.size()),
            grouped(counts.sectors()),
            grouped(static_cast<std::int64_t>(cost.bytes) / 32),
            grouped(counts.mma),
            grouped(counts.bank_conflicts())};
}

// The nearer roof is the one that would take longer.
Row timed(const Cost& cost, const Roofs& roofs) {
    if (!cost.report.seconds) return {cost.name, "not timed", "", "", ""};
    const double seconds = *cost.report.seconds;
    const double at_best = std::max(cost.bytes / roofs.bytes_per_second, cost.flops / roofs.flops_per_second);
    return {cost.name, fmt::format("{:.1f}", 1e6 * seconds),
            fmt::format("{:.2f}", 1e-12 * cost.bytes / seconds),
            fmt::format("{:.1f}", 1e-12 * cost.flops / seconds),
            fmt::format("{:.0f} %", 100.0 * at_best / seconds)};
}

}  // namespace

std::string name_of(Device device) {
    switch (device) {
        case Device::cpu:
            return "the CPU";
        case Device::cuda:
            return "the GPU";
        case Device::emulated:
            break;
    }
    return "the emulator";
}

std::optional<Roofs> tell_device(Walkthrough& walk, Device device) {
    walk.shows_only(fmt::format("on {}", name_of(device)));
    if (device == Device::emulated) {
        walk.step(
                "Kernels without a GPU",
                "The same kernels that nvcc compiles for a GPU, compiled by an ordinary compiler: each CUDA thread is a "
                "function with a stack of its own, and they take turns on the CPU. It is slow, its time means nothing, and "
                "it sees what no GPU shows: which barrier is missing, what a warp asks memory for, who waits for whom.")
            .read("common/cuda/kernel_language.cuh");
        return std::nullopt;
    }
    const Progress progress("measuring what this GPU can do at most");
    require_gpu();
    const Roofs roofs = measure_roofs();
    walk.step("Two roofs",
              fmt::format("{}. What follows is held against what this very GPU does at most.", gpu_name()))
        .read("common/cuda/gpu/roofs.cu")
        .table({"measured", "", ""},
               {{"copy of 1 GiB", fmt::format("{:.2f}", 1e-12 * roofs.bytes_per_second), "TB/s"},
                {"bf16 product of 8192 x 8192", fmt::format("{:.0f}", 1e-12 * roofs.flops_per_second),
                 "TFLOP/s"},
                {"ridge", fmt::format("{:.0f}", roofs.flops_per_second / roofs.bytes_per_second),
                 "FLOPs a byte"}})
        .note(
            "Work with fewer FLOPs a byte than the ridge waits for memory, work with more waits for arithmetic.");
    return roofs;
}

std::optional<Cell> pytorch_unless_own(const Walkthrough& walk) {
    return walk.own().any() ? std::nullopt : std::optional<Cell>(pytorch());
}

std::string told_difference(float difference) {
    return fmt::format("{:.1e}", difference);
}

void tell_costs(Step& step, const std::vector<Cost>& costs, const std::optional<Roofs>& roofs) {
    std::vector<Row> rows;
    for (const Cost& cost : costs) rows.push_back(roofs ? timed(cost, *roofs) : counted(cost));
    if (roofs) {
        step.table({"", "microseconds", "TB/s", "TFLOP/s", "of the roof"}, rows);
    } else {
        step.table({"", "launches", "sectors", "needed", "mma", "bank conflicts"}, rows);
    }
}

void walk_warp(Walkthrough& walk, const std::string& kernel, int warp,
               const std::function<void(const EmulatorOptions&)>& run) {
    WarpLog log;
    EmulatorOptions options;
    options.watch = EmulatorOptions::Watch{kernel, warp, &log};
    run(options);

    walk.figures_do_not_apply("one warp on the emulator, instruction by instruction");
    walk.section("", fmt::format("Warp {} of {}", warp, kernel));
    for (const WarpEvent& event : log) {
        Step& step = walk.step(event.instruction, event.text).read(to_string(event.place));
        for (const auto& [name, value] : event.tensors) {
            step.show(name, value, {"rows", "columns"});
        }
    }
}
