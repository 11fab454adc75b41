#include "common/cuda/emulator/emulated_machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/cuda/device.hpp"

namespace {

// The blocks of a grid in the order in which they run. No kernel may depend on it.
std::vector<Index3> blocks_in_order(const Grid& grid, Order order, std::mt19937_64& random) {
    std::vector<Index3> blocks;
    for (int z = 0; z < grid.z; ++z) {
        for (int y = 0; y < grid.y; ++y) {
            for (int x = 0; x < grid.x; ++x) blocks.push_back({x, y, z});
        }
    }
    if (order == Order::reverse) std::reverse(blocks.begin(), blocks.end());
    if (order == Order::random) std::shuffle(blocks.begin(), blocks.end(), random);
    return blocks;
}

void check(const char* name, const Grid& grid) {
    constexpr int most_threads = 1024;
    constexpr std::size_t most_shared_bytes = std::size_t{227} * 1024;  // of an H100's block
    if (grid.threads < 32 || grid.threads > most_threads || grid.threads % 32 != 0) {
        throw KernelError(
            fmt::format("{}: {} threads; a block has whole warps of 32, at most 1024", name, grid.threads));
    }
    if (grid.shared_bytes > most_shared_bytes) {
        throw KernelError(fmt::format("{}: {} bytes of shared memory; a block has {}", name,
                                      grid.shared_bytes, most_shared_bytes));
    }
    if (grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.y > 65535 || grid.z > 65535) {
        throw KernelError(fmt::format("{}: a grid of {} x {} x {} blocks", name, grid.x, grid.y, grid.z));
    }
}

}  // namespace

void EmulatedMachine::run(const char* name, const Grid& grid, const std::function<void()>& kernel) {
    check(name, grid);
    std::mt19937_64 random(options_.seed);
    Block block(options_.order, options_.seed + 1);
    const bool is_watched = options_.watch && options_.watch->kernel == name && options_.watch->log->empty();

    if (is_watched && options_.watch->warp >= grid.threads / 32) {
        throw DeviceError(fmt::format("warp {} of {}: its blocks have {}; take 0 to {}", options_.watch->warp,
                                      name, grid.threads / 32, grid.threads / 32 - 1));
    }

    for (const Index3& index : blocks_in_order(grid, options_.order, random)) {
        Block::Setup setup{index, {grid.x, grid.y, grid.z}, grid.threads, grid.shared_bytes};
        if (is_watched && index.x == 0 && index.y == 0 && index.z == 0) {
            setup.watched_warp = options_.watch->warp;
            setup.log = options_.watch->log;
        }
        try {
            block.run(setup, kernel);
        } catch (const KernelError& error) {
            throw KernelError(
                fmt::format("{}, block ({}, {}, {}): {}", name, index.x, index.y, index.z, error.what()));
        }
    }
    launches_.push_back({name, grid, block.counts()});
}

RunReport EmulatedMachine::report(std::optional<double> seconds) const {
    RunReport report{launches_, {}, seconds};
    for (const std::shared_ptr<GlobalMemory>& memory : memory_) {
        report.memory.push_back({memory->name(), static_cast<std::int64_t>(memory->content().size()),
                                 memory->bytes_read(), memory->different_bytes_read(),
                                 memory->bytes_written()});
    }
    return report;
}
