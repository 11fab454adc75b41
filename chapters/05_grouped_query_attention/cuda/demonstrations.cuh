// Kernels that only demonstrate a fault.
#pragma once
#include "common/cuda/tile.cuh"

namespace ch5::KERNEL_SIDE {

// Warp 0 writes 32 numbers and warp 1 reads them, without a barrier between. One block of 64 threads.
__global__ void __launch_bounds__(64) hand_over_without_barrier(Global<float> numbers) {
    SharedArena arena;
    const Shared<float> handed = arena.take<float>("handed", 32);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    if (warp == 0) handed[lane] = 1;
    // __syncthreads() is missing here.
    if (warp == 1) numbers[lane] = handed[31 - lane];
}

// A warp writes 16 rows of 64 numbers to shared memory and reads them as an operand of mma.
template <bool is_swizzled>
__global__ void __launch_bounds__(32) read_tile(Global<const bf16> numbers) {
    SharedArena arena;
    const Tile<64> swizzled{arena.take<bf16>("tile", 16 * 64)};
    const auto place = [&](int row, int column) {
        return is_swizzled ? swizzled.at(row, column) : swizzled.memory + (row * 64 + column);
    };
    const int lane = threadIdx.x;
    for (int row = 0; row < 16; ++row)
        write_packed<2>(place(row, 2 * lane), 0, read_packed<2>(numbers, row * 64 + 2 * lane));
    __syncwarp();
    for (int column = 0; column < 64; column += 16) {
        std::uint32_t registers[4];
        ldmatrix_x4(registers, place(lane % 16, column + lane / 16 * 8));
    }
}

}  // namespace ch5::KERNEL_SIDE
