// In which order the emulator runs threads and blocks, and what it is to watch.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/cuda/emulator/warp_log.hpp"

// Of threads and blocks that could all go on, which does? A kernel that is right is right in every order.
enum class Order { round_robin, reverse, random };

struct EmulatorOptions {
    Order order = Order::round_robin;
    std::uint64_t seed = 0;  // of Order::random

    // A warp to step through, in the first block of this kernel.
    struct Watch {
        std::string kernel;
        int warp;
        WarpLog* log;
    };
    std::optional<Watch> watch;
};
