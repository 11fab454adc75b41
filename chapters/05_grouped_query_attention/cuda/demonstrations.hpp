// Two things that the emulator shows and a GPU does not.
#pragma once
#include <cstdint>
#include <string>

namespace ch5 {

// What the emulator says to a kernel whose barrier is missing.
std::string without_barrier();

// Cycles at the banks of shared memory when a warp reads a tile of 16 x 64, and how many it takes at best.
struct BankConflicts {
    std::int64_t cycles, needed;
};
BankConflicts conflicts_without_swizzle();
BankConflicts conflicts_with_swizzle();

}  // namespace ch5
