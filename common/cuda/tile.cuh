// Tiles of bf16 in shared memory, and the three ways in which a warp reads them as operands of mma.
//
// ldmatrix reads eight rows of 16 bytes at a time. Rows of 128 bytes or more all begin at the same bank: the
// eight reads would conflict and take eight cycles. The swizzle permutes the 16-byte chunks of a row, with a
// different pattern in each of eight rows. So the eight chunks of a column are in eight different banks.
//
//        not swizzled         swizzled (row ^ chunk)
//   row 0  0 1 2 3 4 5 6 7      0 1 2 3 4 5 6 7
//   row 1  0 1 2 3 4 5 6 7      1 0 3 2 5 4 7 6
//   row 2  0 1 2 3 4 5 6 7      2 3 0 1 6 7 4 5
#pragma once
#include "common/cuda/kernel_language.cuh"

inline namespace KERNEL_SIDE {

// Operands and result of one mma, distributed over the registers of the 32 lanes.
struct FragmentA {
    std::uint32_t r[4];  // (16, 16)
};
struct FragmentB {
    std::uint32_t r[2];  // (16, 8)
};
struct FragmentC {
    // (16, 8): c[0], c[1] in row_of_lane(), c[2], c[3] eight rows below, at column_of_lane() and the next.
    float c[4] = {0, 0, 0, 0};
};

// The part of a result in this lane's registers: c[0] and c[1] at (row, column) and (row, column + 1), c[2]
// and c[3] eight rows below.
__device__ inline int row_of_lane() {
    return static_cast<int>(threadIdx.x) % 32 / 4;
}
__device__ inline int column_of_lane() {
    return 2 * (static_cast<int>(threadIdx.x) % 4);
}

__device__ inline void mma(FragmentC& c, const FragmentA& a, const FragmentB& b,
                           Place place = Place::current()) {
    mma_m16n8k16(c.c, a.r, b.r, place);
}

// Any number of rows of `columns` bf16, swizzled.
template <int columns>
struct Tile {
    static_assert(columns % 64 == 0 || columns == 16 || columns == 32,
                  "rows are whole groups of eight chunks, or few");
    Shared<bf16> memory;

    // The address of element (row, column). A chunk of 8 columns stays contiguous.
    __device__ Shared<bf16> at(int row, int column) const {
        constexpr int chunks = columns / 8;
        const int turn = chunks >= 8 ? row % 8 : row * chunks / 8 % chunks;
        return memory + (row * columns + ((column / 8) ^ turn) * 8 + column % 8);
    }
};

// a = tile[row : row + 16, column : column + 16]
template <int columns>
__device__ inline FragmentA load_a(const Tile<columns>& tile, int row, int column,
                                   Place place = Place::current()) {
    const int lane = threadIdx.x % 32;
    FragmentA a;
    ldmatrix_x4(a.r, tile.at(row + lane % 16, column + lane / 16 * 8), place);
    return a;
}

// Two neighbours b[0], b[1], which one ldmatrix loads.
struct TwoFragmentsB {
    FragmentB b[2];
};
__device__ inline TwoFragmentsB two_fragments(const std::uint32_t (&r)[4]) {
    return {{{{r[0], r[1]}}, {{r[2], r[3]}}}};
}

// b = tile[row : row + 16, column : column + 16] transposed, in two halves of 8 tile rows each. For keys: a
// query is multiplied with a row of the tile.
template <int columns>
__device__ inline TwoFragmentsB load_b_transposed(const Tile<columns>& tile, int row, int column,
                                                  Place place = Place::current()) {
    const int lane = threadIdx.x % 32;
    std::uint32_t r[4];
    ldmatrix_x4(r, tile.at(row + lane % 8 + lane / 16 * 8, column + lane / 8 % 2 * 8), place);
    return two_fragments(r);
}

// b = tile[row : row + 16, column : column + 16], in two halves of 8 columns each. For values: the product
// sums rows of the tile.
template <int columns>
__device__ inline TwoFragmentsB load_b(const Tile<columns>& tile, int row, int column,
                                       Place place = Place::current()) {
    const int lane = threadIdx.x % 32;
    std::uint32_t r[4];
    ldmatrix_x4_transposed(r, tile.at(row + lane % 16, column + lane / 16 * 8), place);
    return two_fragments(r);
}

// Makes the result of one product the left operand of the next: it is already in the right registers.
__device__ inline FragmentA as_a(const FragmentC& left, const FragmentC& right) {
    return {{pack_bf16(left.c[0], left.c[1]), pack_bf16(left.c[2], left.c[3]),
             pack_bf16(right.c[0], right.c[1]), pack_bf16(right.c[2], right.c[3])}};
}

}  // namespace KERNEL_SIDE
