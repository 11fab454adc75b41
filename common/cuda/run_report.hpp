// What a device tells about a piece of work. The emulator counts, a GPU is timed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/cuda/grid.hpp"
#include "common/cuda/kernel_counts.hpp"

struct LaunchReport {
    std::string kernel;
    Grid grid;
    KernelCounts counts;  // the emulator's; zeros from a GPU
};

// A piece of the device's memory: bytes that kernels have read, and how many different ones. 2 to 1 means
// that all was read twice. The emulator's only.
struct MemoryReport {
    std::string name;
    std::int64_t bytes, bytes_read, different_bytes_read, bytes_written;
};

struct RunReport {
    std::vector<LaunchReport> launches;
    std::vector<MemoryReport> memory;
    std::optional<double> seconds;  // on a GPU, for all launches together
};
