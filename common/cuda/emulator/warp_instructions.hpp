// What the 32 lanes of a warp do together: ldmatrix, mma and shuffles, bit by bit as PTX lays them out.
// Source: NVIDIA's PTX ISA, "Warp-level matrix instructions".
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/cuda/emulator/block.hpp"

// The value of the lane whose number differs in the bits of `mask`.
float exchange_values(float value, int mask, const Place& place);

// Four 8x8 matrices. Lane i hands over the byte where row i % 8 of matrix i / 8 begins, and gets of each
// matrix the two numbers of row lane / 4 at columns 2 (lane % 4) and the next (transposed: of that column, at
// those rows).
void load_matrices(std::uint32_t (&r)[4], const SharedRegion& region, std::size_t row, bool is_transposed,
                   const Place& place);

// c (16, 8) += a (16, 16) b (16, 8).
void multiply_matrices(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                       const Place& place);

// Byte `byte` of a region as a place in shared memory. Throws KernelError beyond its bounds, or where it is
// no multiple of `bytes`.
std::size_t byte_in(const SharedRegion& region, long byte, std::size_t bytes, const Place& place);

template <class Value>
Value read_shared(const SharedRegion& region, std::size_t first, const Place& place) {
    Block& block = Block::current();
    block.touch_shared(Access::shared_read, region, first, sizeof(Value), place);
    Value value;
    std::memcpy(&value, block.shared_data() + first, sizeof value);
    return value;
}

template <class Value>
void write_shared(const SharedRegion& region, std::size_t first, const Value& value, const Place& place) {
    Block& block = Block::current();
    block.touch_shared(Access::shared_write, region, first, sizeof value, place);
    std::memcpy(block.shared_data() + first, &value, sizeof value);
}
