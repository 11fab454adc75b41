// A device's report on a piece of work. The emulator reports counts, a GPU reports the time.
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
    KernelCounts counts;  // from the emulator; zeros from a GPU
};

// A piece of the device's memory: how many bytes kernels have read, and how many different ones. A ratio of 2
// to 1 means that they read everything twice. Only the emulator reports it.
struct MemoryReport {
    std::string name;
    std::int64_t bytes, bytes_read, different_bytes_read, bytes_written;
};

struct RunReport {
    std::vector<LaunchReport> launches;
    std::vector<MemoryReport> memory;
    std::optional<double> seconds;  // on a GPU, for all launches together
};
