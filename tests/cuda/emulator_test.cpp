// Each word of kernel_language.cuh against values that are worked out here.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "common/cuda/host_tensors.hpp"
#include "common/cuda/tile.cuh"
#include "common/cuda/warp_sums.cuh"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

// In which order threads have come by, as the kernels below note it.
std::vector<int> came_by;

void note_threads() {
    came_by.push_back(threadIdx.x);
    __syncthreads();
    came_by.push_back(100 + threadIdx.x);
}
void note_blocks() {
    if (threadIdx.x == 0) came_by.push_back(100 * blockIdx.z + 10 * blockIdx.y + blockIdx.x);
}
std::vector<int> order_of(void (*kernel)(), const Grid& grid, Order order, std::uint64_t seed = 0) {
    came_by.clear();
    EmulatedMachine(in_order(order, seed)).launch("kernel", kernel, grid);
    return came_by;
}
std::vector<int> numbers_from(int first, int count) {
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}
std::vector<int> reversed(std::vector<int> numbers) {
    std::reverse(numbers.begin(), numbers.end());
    return numbers;
}
std::vector<int> sorted(std::vector<int> numbers) {
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

// PTX ISA, ldmatrix and mma: of each row of an 8x8 matrix, the lanes that hold its four pairs of neighbours.
constexpr int holder[8][4] = {{0, 1, 2, 3},     {4, 5, 6, 7},     {8, 9, 10, 11},   {12, 13, 14, 15},
                              {16, 17, 18, 19}, {20, 21, 22, 23}, {24, 25, 26, 27}, {28, 29, 30, 31}};

bf16 exact_bf16(int number) {
    return to_bf16(static_cast<float>(number));
}
std::uint32_t pair_of(int low, int high) {
    return exact_bf16(low).bits | static_cast<std::uint32_t>(exact_bf16(high).bits) << 16;
}

// Numbers of both signs that no symmetry hides, each of them a bf16.
std::vector<float> unfriendly_bf16(std::size_t size, unsigned seed) {
    std::vector<float> numbers(size);
    std::mt19937 random(seed);
    for (float& number : numbers)
        number = to_float(to_bf16(static_cast<float>(random() % 2000) / 577.0f - 1.3f));
    return numbers;
}
// a (rows, inner) b (inner, columns)
std::vector<double> product_in_double(const std::vector<float>& a, const std::vector<float>& b,
                                      std::size_t rows, std::size_t inner, std::size_t columns) {
    std::vector<double> c(rows * columns);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
            for (std::size_t k = 0; k < inner; ++k)
                c[i * columns + j] +=
                    static_cast<double>(a[i * inner + k]) * static_cast<double>(b[k * columns + j]);
        }
    }
    return c;
}
double largest_error(const std::vector<float>& numbers, const std::vector<double>& expected) {
    double largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double error = std::abs(static_cast<double>(numbers[i]) - expected[i]);
        if (!(error <= largest)) largest = error;
    }
    return largest;
}

}  // namespace

// --- who am I, and in which order

TEST_CASE("emulator: every thread knows its place in block and grid, in every order", "[cuda]") {
    const auto kernel = +[](Global<int> out) {
        const int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
        const int first = 8 * (block * blockDim.x + threadIdx.x);
        const int words[8] = {threadIdx.x, blockIdx.x, blockIdx.y, blockIdx.z,
                              blockDim.x,  gridDim.x,  gridDim.y,  gridDim.z};
        for (int i = 0; i < 8; ++i) out[first + i] = words[i];
    };
    std::vector<int> expected;
    for (int z = 0; z < 2; ++z) {
        for (int y = 0; y < 5; ++y) {
            for (int x = 0; x < 3; ++x) {
                for (int thread = 0; thread < 64; ++thread)
                    expected.insert(expected.end(), {thread, x, y, z, 64, 3, 5, 2});
            }
        }
    }
    for (const Order order : every_order) {
        CHECK(written_by(kernel, Grid{3, 5, 2, 64}, expected.size(), in_order(order, 3)) == expected);
    }
}

TEST_CASE("emulator: blocks run in the order that was asked for", "[cuda]") {
    const std::vector<int> in_order = {0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112};
    const Grid grid{3, 2, 2, 32};
    CHECK(order_of(note_blocks, grid, Order::round_robin) == in_order);
    CHECK(order_of(note_blocks, grid, Order::reverse) == reversed(in_order));

    const std::vector<int> shuffled = order_of(note_blocks, grid, Order::random, 1);
    CHECK(shuffled != in_order);
    CHECK(sorted(shuffled) == in_order);
    CHECK(order_of(note_blocks, grid, Order::random, 1) == shuffled);
    CHECK(order_of(note_blocks, grid, Order::random, 2) != shuffled);
}

TEST_CASE("emulator: threads run in the order that was asked for, and none passes a barrier early",
          "[cuda]") {
    const auto half = [](const std::vector<int>& all, int which) {
        return std::vector<int>(all.begin() + which * 64, all.begin() + (which + 1) * 64);
    };
    const Grid grid{1, 1, 1, 64};
    CHECK(half(order_of(note_threads, grid, Order::round_robin), 0) == numbers_from(0, 64));
    CHECK(half(order_of(note_threads, grid, Order::reverse), 0) == reversed(numbers_from(0, 64)));
    CHECK(half(order_of(note_threads, grid, Order::random, 1), 0) != numbers_from(0, 64));
    CHECK(order_of(note_threads, grid, Order::random, 1) == order_of(note_threads, grid, Order::random, 1));
    CHECK(order_of(note_threads, grid, Order::random, 1) != order_of(note_threads, grid, Order::random, 2));
    for (const Order order : every_order) {
        const std::vector<int> went = order_of(note_threads, grid, order);
        CHECK(sorted(half(went, 0)) == numbers_from(0, 64));
        CHECK(sorted(half(went, 1)) == numbers_from(100, 64));
    }
}

// --- bf16

TEST_CASE("bf16: a float is rounded to the nearest, ties to even", "[cuda]") {
    struct Rounding {
        std::uint32_t number;
        std::uint16_t expected;
    };
    const Rounding roundings[] = {
        {0x3f800000, 0x3f80},                        // 1
        {0x3f807fff, 0x3f80},                        // just below the middle of two neighbours
        {0x3f808000, 0x3f80},                        // the middle: the even one is below
        {0x3f808001, 0x3f81},                        // just above
        {0x3f818000, 0x3f82},                        // the middle: the even one is above
        {0xbf808000, 0xbf80},                        // the same with a sign
        {0xbf818000, 0xbf82}, {0x3fffffff, 0x4000},  // up into the next power of 2
        {0x7f7f7fff, 0x7f7f},                        // the largest that stays finite
        {0x7f7f8000, 0x7f80},                        // overflow to infinity
        {0xff7fffff, 0xff80}, {0x7f800000, 0x7f80},  // infinity
        {0xff800000, 0xff80}, {0x00000000, 0x0000}, {0x80000000, 0x8000},  // -0
        {0x00000001, 0x0000},                                              // subnormal numbers
        {0x00008000, 0x0000}, {0x00008001, 0x0001}, {0x80018000, 0x8002},
        {0x007fffff, 0x0080},  // up to the smallest normal one
    };
    for (const Rounding& rounding : roundings) {
        CAPTURE(rounding.number);
        const auto number = std::bit_cast<float>(rounding.number);
        CHECK(to_bf16(number).bits == rounding.expected);
        CHECK(pack_bf16(number, 2.0f) == (0x40000000u | rounding.expected));
        CHECK(pack_bf16(2.0f, number) == (static_cast<std::uint32_t>(rounding.expected) << 16 | 0x4000u));
    }
}

TEST_CASE("bf16: NaN stays NaN, whichever of its bits are cut off", "[cuda]") {
    for (const std::uint32_t bits : {0x7f800001u, 0xff800001u, 0x7fc00000u, 0x7fffffffu, 0xffffffffu}) {
        CAPTURE(bits);
        const auto nan = std::bit_cast<float>(bits);
        CHECK(std::isnan(to_float(to_bf16(nan))));
        CHECK(std::isnan(to_float(bf16{static_cast<std::uint16_t>(pack_bf16(nan, 0))})));
        CHECK(std::isnan(to_float(bf16{static_cast<std::uint16_t>(pack_bf16(0, nan) >> 16)})));
    }
}

TEST_CASE("bf16: every bf16 that is a number comes back from float as it was", "[cuda]") {
    for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
        const bf16 number{static_cast<std::uint16_t>(bits)};
        if (std::isnan(to_float(number))) continue;
        if (to_bf16(to_float(number)).bits != number.bits) FAIL(bits);
    }
}

// --- memory

TEST_CASE("emulator: memory that nobody has written is NaN, to float and bf16", "[cuda]") {
    EmulatedMachine machine;
    const auto floats = machine.poisoned<float>("floats", 32);
    const auto halves = machine.poisoned<bf16>("halves", 64);
    const auto out = machine.upload("out", std::vector<float>(96));
    machine.launch(
        "kernel",
        +[](Global<const float> f, Global<const bf16> h, Global<float> o) {
            const int i = threadIdx.x;
            o[i] = f[i];
            const Packed<bf16, 2> pair = read_packed<2>(h, 2 * i);
            o[32 + 2 * i] = to_float(pair.at[0]);
            o[32 + 2 * i + 1] = to_float(pair.at[1]);
        },
        Grid{}, floats, halves, out);
    for (const float number : machine.download(out)) CHECK(std::isnan(number));
}

TEST_CASE("emulator: what is written is read, one by one, several at once and from an offset", "[cuda]") {
    EmulatedMachine machine;
    std::vector<float> numbers(64);
    std::iota(numbers.begin(), numbers.end(), 0.5f);
    const auto in = machine.upload("in", numbers);
    const auto out = machine.poisoned<float>("out", 64);
    machine.launch(
        "kernel",
        +[](Global<const float> from, Global<float> to) {
            SharedArena arena;
            const Shared<float> shared = arena.take<float>("shared", 64);
            const int i = threadIdx.x;
            const Packed<float, 2> pair = read_packed<2>(from + 32, 2 * (i % 16));
            write_packed<2>(shared + 2, i < 31 ? 2 * i : -2, {pair.at[1], from[i]});
            to[i] = shared[2 * i < 62 ? 2 * i + 2 : 0];
            to[32 + i] = shared[2 * i < 62 ? 2 * i + 3 : 1];
            to[i] += 1000.0f;
        },
        Grid{1, 1, 1, 32, 256}, in, out);
    const std::vector<float> result = machine.download(out);
    for (std::size_t i = 0; i < 32; ++i) {
        CHECK(result[i] == 1000 + numbers[32 + 2 * (i % 16) + 1]);
        CHECK(result[32 + i] == numbers[i]);
    }
}

TEST_CASE("emulator: pieces of shared memory begin at multiples of 16 bytes, and again at the start",
          "[cuda]") {
    const auto kernel = +[] {
        SharedArena arena;
        arena.take<float>("three", 3);
        arena.take<bf16>("one", 1);
        arena.start_over();
        arena.take<float>("four", 4);
        arena.start_over();
        arena.take<bf16>("nine", 9);
    };
    CHECK(error_of(kernel, Grid{1, 1, 1, 32, 18}) == "");
    CHECK(error_of(kernel, Grid{1, 1, 1, 32, 17})
              .ends_with("one ends at byte 18 of shared memory, and the launch asked for 17"));
}

// --- cp.async

TEST_CASE("emulator: cp_async copies 16 bytes to where it is told, and zeros where it is not valid",
          "[cuda]") {
    EmulatedMachine machine;
    std::vector<bf16> numbers;
    for (int i = 0; i < 256; ++i) numbers.push_back(exact_bf16(i));
    const auto in = machine.upload("in", numbers);
    const auto out = machine.poisoned<float>("out", 256);
    machine.launch(
        "kernel",
        +[](Global<const bf16> from, Global<float> to) {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 256);
            const int i = threadIdx.x;
            cp_async(shared + 8 * (i ^ 5), from + 8 * i, i % 3 != 0);
            cp_async_commit();
            cp_async_wait<0>();
            for (int j = 0; j < 8; ++j) to[8 * i + j] = to_float(shared[8 * (i ^ 5) + j]);
        },
        Grid{1, 1, 1, 32, 512}, in, out);
    const std::vector<float> result = machine.download(out);
    for (std::size_t i = 0; i < 256; ++i) {
        CAPTURE(i);
        CHECK(result[i] == (i / 8 % 3 == 0 ? 0.0f : static_cast<float>(i)));
    }
}

TEST_CASE("emulator: cp_async_wait<n> leaves the n groups that were closed last under way", "[cuda]") {
    // Four groups, of which the third is empty and counts too: how many of the three rows have arrived?
    static int arrived;
    const auto kernel = +[](Global<const bf16> from, int groups_allowed) {
        SharedArena arena;
        const Shared<bf16> shared = arena.take<bf16>("shared", 3 * 32 * 8);
        const int i = threadIdx.x;
        for (int group = 0; group < 4; ++group) {
            const int row = (group < 3 ? group : 2) * 32 + i;
            if (group != 2) cp_async(shared + 8 * row, from + 8 * i, true);
            cp_async_commit();
        }
        if (groups_allowed == 0) cp_async_wait<0>();
        if (groups_allowed == 1) cp_async_wait<1>();
        if (groups_allowed == 2) cp_async_wait<2>();
        if (groups_allowed == 3) cp_async_wait<3>();
        if (groups_allowed == 4) cp_async_wait<4>();
        arrived = 0;
        for (int row = 0; row < 3; ++row, ++arrived)
            static_cast<void>(static_cast<bf16>(shared[(row * 32 + i) * 8]));
    };
    const auto arrived_after = [&](int groups_allowed) {
        EmulatedMachine machine;
        const auto in = machine.upload("in", std::vector<bf16>(256));
        try {
            machine.launch("kernel", kernel, Grid{1, 1, 1, 32, 3 * 512}, in, groups_allowed);
        } catch (const KernelError&) {  // the first that has not
        }
        return arrived;
    };
    constexpr int not_at_all = -1;
    CHECK(arrived_after(not_at_all) == 0);
    CHECK(arrived_after(4) == 0);
    CHECK(arrived_after(3) == 1);
    CHECK(arrived_after(2) == 2);
    CHECK(arrived_after(1) == 2);
    CHECK(arrived_after(0) == 3);
}

// --- what a warp does together

TEST_CASE("emulator: shuffle_xor brings the value of the lane with other bits", "[cuda]") {
    for (const int mask : {0, 1, 2, 4, 8, 16, 31, 21}) {
        for (const Order order : every_order) {
            const std::vector<float> received = written_by(
                +[](Global<float> out, int m) {
                    out[threadIdx.x] = shuffle_xor(static_cast<float>(threadIdx.x * threadIdx.x) - 7.5f, m);
                },
                Grid{1, 1, 1, 64}, 64, in_order(order, 9), mask);
            for (int i = 0; i < 64; ++i) {
                const int other = i / 32 * 32 + ((i % 32) ^ mask);
                CHECK(received[static_cast<std::size_t>(i)] == static_cast<float>(other * other) - 7.5f);
            }
        }
    }
}

TEST_CASE("emulator: each lane of a shuffle names its own mask, of which five bits count", "[cuda]") {
    const std::vector<float> received = written_by(
        +[](Global<float> out) {
            const int lane = threadIdx.x;
            out[lane] = shuffle_xor(static_cast<float>(lane), lane < 16 ? 3 : 32 + 8);
        },
        Grid{}, 32, {});
    for (int i = 0; i < 32; ++i)
        CHECK(received[static_cast<std::size_t>(i)] == static_cast<float>(i ^ (i < 16 ? 3 : 8)));
}

TEST_CASE("emulator: sums and maxima over lanes are of each group of neighbours", "[cuda]") {
    const std::vector<float> found = written_by(
        +[](Global<float> out) {
            const int lane = threadIdx.x;
            const float value = static_cast<float>(lane * 7 % 32) - 20.0f;  // each of -20 to 11 once
            out[lane] = sum_over<32>(value);
            out[32 + lane] = sum_over<4>(value);
            out[64 + lane] = max_over<32>(value);
            out[96 + lane] = max_over<4>(value);
        },
        Grid{}, 128, {});
    for (std::size_t lane = 0; lane < 32; ++lane) {
        float sum = 0, largest = -100;
        for (std::size_t i = lane / 4 * 4; i < lane / 4 * 4 + 4; ++i) {
            sum += static_cast<float>(i * 7 % 32) - 20.0f;
            largest = std::max(largest, static_cast<float>(i * 7 % 32) - 20.0f);
        }
        CHECK(found[lane] == -144.0f);
        CHECK(found[32 + lane] == sum);
        CHECK(found[64 + lane] == 11.0f);
        CHECK(found[96 + lane] == largest);
    }
}

TEST_CASE("emulator: ldmatrix hands each lane what PTX says, plain and transposed", "[cuda]") {
    // Row i of matrix m stands at slot 11 (8 m + i) % 32: every lane points somewhere else.
    const auto kernel = +[](Global<std::uint32_t> out, Global<const bf16> in) {
        SharedArena arena;
        const Shared<bf16> rows = arena.take<bf16>("rows", 32 * 8);
        const int lane = threadIdx.x;
        for (int j = 0; j < 8; ++j) rows[lane * 11 % 32 * 8 + j] = in[8 * lane + j];
        __syncwarp();
        std::uint32_t plain[4], transposed[4];
        ldmatrix_x4(plain, rows + lane * 11 % 32 * 8);
        ldmatrix_x4_transposed(transposed, rows + lane * 11 % 32 * 8);
        for (int m = 0; m < 4; ++m) {
            out[4 * lane + m] = plain[m];
            out[128 + 4 * lane + m] = transposed[m];
        }
    };
    // Element (i, j) of matrix m is 64 m + 8 i + j: up to 255, exact in bf16.
    std::vector<bf16> numbers;
    for (int i = 0; i < 256; ++i) numbers.push_back(exact_bf16(i));
    const auto in = std::make_shared<GlobalMemory>("in", numbers.data(), 512);
    for (const Order order : every_order) {
        const std::vector<std::uint32_t> registers =
            written_by(kernel, Grid{1, 1, 1, 32, 512}, 256, in_order(order, 2), Global<const bf16>(*in));
        for (int m = 0; m < 4; ++m) {
            for (int row = 0; row < 8; ++row) {
                for (int pair = 0; pair < 4; ++pair) {
                    const auto at = static_cast<std::size_t>(4 * holder[row][pair] + m);
                    const int in_row = 64 * m + 8 * row + 2 * pair, in_column = 64 * m + 8 * 2 * pair + row;
                    CHECK(registers[at] == pair_of(in_row, in_row + 1));
                    CHECK(registers[128 + at] == pair_of(in_column, in_column + 8));
                }
            }
        }
    }
}

TEST_CASE("emulator: mma adds the matrix product, with its operands where PTX says they are", "[cuda]") {
    const std::vector<float> a = unfriendly_bf16(16 * 16, 1), b = unfriendly_bf16(16 * 8, 2),
                             before = unfriendly_bf16(16 * 8, 3);
    // PTX ISA, mma.m16n8k16: a0,a1 | a2,a3 eight rows below | a4,a5 eight columns right | a6,a7 both;
    // b0,b1 down a column | b2,b3 eight rows below; c0,c1 | c2,c3 eight rows below.
    std::vector<std::uint32_t> registers(32 * 6);
    std::vector<float> sums(32 * 4);
    const auto bits = [](float number) { return std::bit_cast<std::uint32_t>(number) >> 16; };
    for (std::size_t row = 0; row < 8; ++row) {
        for (std::size_t pair = 0; pair < 4; ++pair) {
            const auto lane = static_cast<std::size_t>(holder[row][pair]);
            const auto pair_of_a = [&](std::size_t i, std::size_t j) {
                return bits(a[16 * i + j]) | bits(a[16 * i + j + 1]) << 16;
            };
            registers[6 * lane] = pair_of_a(row, 2 * pair);
            registers[6 * lane + 1] = pair_of_a(row + 8, 2 * pair);
            registers[6 * lane + 2] = pair_of_a(row, 2 * pair + 8);
            registers[6 * lane + 3] = pair_of_a(row + 8, 2 * pair + 8);
            const std::size_t column = row, along = 2 * pair;
            registers[6 * lane + 4] = bits(b[8 * along + column]) | bits(b[8 * (along + 1) + column]) << 16;
            registers[6 * lane + 5] = bits(b[8 * (along + 8) + column]) | bits(b[8 * (along + 9) + column])
                                                                              << 16;
            for (std::size_t i = 0; i < 4; ++i)
                sums[4 * lane + i] = before[8 * (row + i / 2 * 8) + 2 * pair + i % 2];
        }
    }

    EmulatedMachine machine;
    const auto operands = machine.upload("operands", registers);
    const auto c = machine.upload("c", sums);
    machine.launch(
        "kernel",
        +[](Global<const std::uint32_t> in, Global<float> inout) {
            const int lane = threadIdx.x;
            std::uint32_t left[4], right[2];
            float sum[4];
            for (int i = 0; i < 4; ++i) left[i] = in[6 * lane + i];
            for (int i = 0; i < 2; ++i) right[i] = in[6 * lane + 4 + i];
            for (int i = 0; i < 4; ++i) sum[i] = inout[4 * lane + i];
            mma_m16n8k16(sum, left, right);
            for (int i = 0; i < 4; ++i) inout[4 * lane + i] = sum[i];
        },
        Grid{}, operands, c);

    const std::vector<float> in_registers = machine.download(c);
    std::vector<float> result(16 * 8);
    for (std::size_t row = 0; row < 8; ++row) {
        for (std::size_t pair = 0; pair < 4; ++pair) {
            for (std::size_t i = 0; i < 4; ++i)
                result[8 * (row + i / 2 * 8) + 2 * pair + i % 2] =
                    in_registers[4 * static_cast<std::size_t>(holder[row][pair]) + i];
        }
    }
    std::vector<double> expected = product_in_double(a, b, 16, 16, 8);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += static_cast<double>(before[i]);
    CHECK(largest_error(result, expected) < 1e-5);
    CHECK(machine.report(std::nullopt).launches.back().counts.mma == 1);
}

// --- tiles

namespace {

// Of two tiles (32, columns): first the product of 16 rows of one and 16 rows of the other, transposed, over
// all columns; then that product, rounded to bf16, and 16 rows of the other.
template <int columns>
void multiply_tiles(Global<float> out, Global<const bf16> left, Global<const bf16> right) {
    SharedArena arena;
    const Tile<columns> a{arena.take<bf16>("a", 32 * columns)}, b{arena.take<bf16>("b", 32 * columns)};
    for (int i = threadIdx.x; i < 32 * columns; i += 32) {
        a.at(i / columns, i % columns)[0] = left[i];
        b.at(i / columns, i % columns)[0] = right[i];
    }
    __syncwarp();

    FragmentC scores[2];
    for (int i = 0; i < columns / 16; ++i) {
        const TwoFragmentsB keys = load_b_transposed(b, 16, 16 * i);
        for (int half = 0; half < 2; ++half) mma(scores[half], load_a(a, 16, 16 * i), keys.b[half]);
    }
    const auto store = [&](const FragmentC& c, int row, int column, int width) {
        for (int i = 0; i < 4; ++i)
            out[(row + row_of_lane() + i / 2 * 8) * width + column + column_of_lane() + i % 2] = c.c[i];
    };
    for (int half = 0; half < 2; ++half) store(scores[half], 0, 8 * half, 16);

    for (int i = 0; i < columns / 16; ++i) {
        const TwoFragmentsB values = load_b(b, 16, 16 * i);
        for (int half = 0; half < 2; ++half) {
            FragmentC mixed;
            mma(mixed, as_a(scores[0], scores[1]), values.b[half]);
            for (int j = 0; j < 4; ++j)
                out[256 + (row_of_lane() + j / 2 * 8) * columns + 16 * i + 8 * half + column_of_lane() +
                    j % 2] = mixed.c[j];
        }
    }
}

template <int columns>
void check_tiles() {
    CAPTURE(columns);
    const std::vector<float> left = unfriendly_bf16(32 * columns, 4),
                             right = unfriendly_bf16(32 * columns, 5);
    EmulatedMachine machine;
    const auto a = machine.upload("a", rounded_to_bf16(left)),
               b = machine.upload("b", rounded_to_bf16(right));
    const auto out = machine.poisoned<float>("out", 256 + 16 * columns);
    machine.launch("multiply_tiles", multiply_tiles<columns>, Grid{1, 1, 1, 32, 2 * 2 * 32 * columns}, out, a,
                   b);
    const std::vector<float> result = machine.download(out);

    // Rows 16 to 31 of each: the queries, and the keys that are values too.
    const std::vector<float> queries(left.begin() + 16 * columns, left.end()),
        keys(right.begin() + 16 * columns, right.end());
    std::vector<float> keys_transposed(16 * columns);
    for (std::size_t i = 0; i < 16; ++i) {
        for (std::size_t j = 0; j < columns; ++j) keys_transposed[16 * j + i] = keys[columns * i + j];
    }
    CHECK(largest_error(result, product_in_double(queries, keys_transposed, 16, columns, 16)) < 1e-4);

    const std::vector<float> scores = as_floats(rounded_to_bf16({result.begin(), result.begin() + 256}));
    CHECK(largest_error({result.begin() + 256, result.end()},
                        product_in_double(scores, keys, 16, 16, columns)) < 2e-3);
    const KernelCounts counts = machine.report(std::nullopt).launches.back().counts;
    CHECK(counts.mma == columns / 4);
    CHECK(counts.ldmatrix == 4 * columns / 16);
    CHECK(counts.shared_reads.cost == counts.shared_reads.needed);
}

}  // namespace

TEST_CASE("tiles: operands that ldmatrix brings multiply as their matrices do, without bank conflicts",
          "[cuda]") {
    check_tiles<16>();
    check_tiles<32>();
    check_tiles<64>();
    check_tiles<128>();
    check_tiles<192>();
}

TEST_CASE("tiles: every element has a place of its own, and 8 neighbours stay together", "[cuda]") {
    const std::vector<int> places = written_by(
        +[](Global<int> out) {
            SharedArena arena;
            const Tile<64> tile{arena.take<bf16>("tile", 32 * 64)};
            // Which element lies where, as one finds it in the order of memory.
            for (int i = threadIdx.x; i < 32 * 64; i += 32)
                tile.at(i / 64, i % 64)[0] = bf16{static_cast<std::uint16_t>(i)};
            __syncwarp();
            for (int i = threadIdx.x; i < 32 * 64; i += 32)
                out[i] = static_cast<int>(static_cast<bf16>(tile.memory[i]).bits);
        },
        Grid{1, 1, 1, 32, 4096}, 32 * 64, {});
    CHECK(sorted(places) == numbers_from(0, 32 * 64));
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (i % 8 != 0 && places[i] != places[i - 1] + 1) FAIL(i);
    }
    // Row 2 of the picture in tile.cuh.
    std::vector<int> chunks;
    for (std::size_t i = 0; i < 8; ++i) chunks.push_back(places[2 * 64 + 8 * i] % 64 / 8);
    CHECK(chunks == std::vector<int>{2, 3, 0, 1, 6, 7, 4, 5});
}
