// A block's shared memory, and who has touched each part of it. On a GPU a missing barrier gives wrong
// numbers on some days; here it is an error every time, in any order of threads, since what counts is not who
// came first but whether anything stood between.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/cuda/emulator/place.hpp"

// Who touches shared memory, and after how many barriers: two accesses are ordered if they are by one thread,
// or by one warp with a __syncwarp between, or with a __syncthreads between. There is no other way.
struct Toucher {
    int thread = nobody;
    int warp = 0;
    int block_barriers = 0;  // __syncthreads passed so far
    int warp_barriers = 0;   // __syncwarp passed so far
    Place place;

    static constexpr int nobody = -1;
    static constexpr int whole_warp = -2;  // ldmatrix: every lane reads what others point to
};

// A named part of it, taken by all threads alike.
struct SharedRegion {
    std::string name;
    std::size_t first_byte;
    std::size_t bytes;
    std::size_t element_bytes;
};

class SharedMemory {
  public:
    // All of it poison: NaN to float and bf16 alike.
    void reset(std::size_t bytes);

    // The region that every thread takes as its `nth`. The first thread makes it. Throws KernelError to one
    // that asks for another, and where it does not fit.
    const SharedRegion& take(std::size_t nth, const SharedRegion& asked, const Place& place);

    // A read or write of `bytes` from `first` on, or a copy into them that has begun or arrived.
    // Throw KernelError if something that happened before is not ordered, if nobody has written what is read
    // (as a part of this region: what an earlier one has left there does not count), or if a copy is still
    // under way.
    void check_read(const SharedRegion& region, std::size_t first, std::size_t bytes, const Toucher& who);
    void check_write(const SharedRegion& region, std::size_t first, std::size_t bytes, const Toucher& who);
    void copy_begins(const SharedRegion& region, std::size_t first, std::size_t bytes, const Toucher& who);
    void copy_arrives(const SharedRegion& region, std::size_t first, std::size_t bytes, const Toucher& who);

    std::byte* data() { return memory_.data(); }

  private:
    // What is remembered of every two bytes.
    struct Cell {
        Toucher writer, reader, other_reader;
        const SharedRegion* written_as = nullptr;
        bool read_by_threads = false;  // by several threads of a warp since its last barrier
        bool read_by_warps = false;    // by several warps since the block's last barrier
        bool copy_under_way = false;
    };
    static Cell written(const SharedRegion& region, const Toucher& who, bool copy_under_way);
    [[noreturn]] void fail(const SharedRegion& region, std::size_t byte, const char* does, const Toucher& who,
                           const std::string& why) const;
    void forbid_unordered_write(const SharedRegion& region, std::size_t byte, const char* does,
                                const Toucher& who) const;

    std::vector<std::byte> memory_;
    std::vector<Cell> cells_;
    std::vector<SharedRegion> regions_;
};
