// Two faults that the emulator shows and a GPU does not.
#pragma once
#include <cstdint>
#include <string>

namespace ch5 {

// The emulator's message about a kernel without its barrier.
std::string without_barrier();

// The cycles at the banks of shared memory when a warp reads a tile of 16 x 64, and the smallest possible
// number.
struct BankConflicts {
    std::int64_t cycles, needed;
};
BankConflicts conflicts_without_swizzle();
BankConflicts conflicts_with_swizzle();

}  // namespace ch5
