// The emulator's counts of what a launch did.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "common/cuda/grid.hpp"

// Memory accesses of one kind. One request is one access by a whole warp.
struct AccessCounts {
    std::int64_t requests = 0;
    std::int64_t cost = 0;    // global: sectors of 32 bytes moved; shared: cycles at the banks
    std::int64_t needed = 0;  // the lowest possible cost: bytes without gaps, banks without conflicts

    AccessCounts& operator+=(const AccessCounts& other) {
        requests += other.requests;
        cost += other.cost;
        needed += other.needed;
        return *this;
    }
};

struct KernelCounts {
    std::int64_t mma = 0, ldmatrix = 0, shuffles = 0, async_copies = 0;
    std::int64_t block_barriers = 0, warp_barriers = 0;
    AccessCounts global_reads, global_writes, shared_reads, shared_writes;
    std::map<std::string, AccessCounts> by_place;  // "file:line what"

    // Sectors of global memory, read and written.
    [[nodiscard]] std::int64_t sectors() const { return global_reads.cost + global_writes.cost; }
    // Cycles that the threads of a warp lost to bank conflicts in shared memory.
    [[nodiscard]] std::int64_t bank_conflicts() const {
        return shared_reads.cost - shared_reads.needed + shared_writes.cost - shared_writes.needed;
    }
};
