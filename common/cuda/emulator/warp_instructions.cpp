#include "common/cuda/emulator/warp_instructions.hpp"

#include <fmt/format.h>

#include <array>

#include "common/cuda/bf16.hpp"

namespace {

// The bf16 in the lower or upper half of a register.
float half_of(std::uint32_t pair, int half) {
    return to_float(bf16{static_cast<std::uint16_t>(half == 0 ? pair & 0xffffu : pair >> 16)});
}

// Which lane and register hold which element of the three fragments.
struct Seat {
    int lane, reg, half;
};
// a (16, 16): registers 0 and 2 have rows 0 to 7, registers 2 and 3 columns 8 to 15.
Seat seat_of_a(int row, int column) {
    return {row % 8 * 4 + column % 8 / 2, row / 8 + 2 * (column / 8), column % 2};
}
// b (16, 8): register 0 has rows 0 to 7.
Seat seat_of_b(int row, int column) {
    return {column * 4 + row % 8 / 2, row / 8, row % 2};
}
// c (16, 8): floats 0 and 1 have rows 0 to 7.
Seat seat_of_c(int row, int column) {
    return {row % 8 * 4 + column / 2, row / 8 * 2 + column % 2, 0};
}

// A matrix for the step-through.
template <class At>
std::pair<std::string, AnyTensor> matrix(std::string name, int rows, int columns, const At& at) {
    std::vector<float> values;
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) values.push_back(at(i, j));
    }
    return {std::move(name),
            AnyTensor({static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)}, values)};
}

struct MmaArguments {
    float* c;
    const std::uint32_t *a, *b;
};
using MmaLanes = std::array<MmaArguments*, 32>;

float at_a(const MmaLanes& lanes, int row, int column) {
    const Seat seat = seat_of_a(row, column);
    return half_of(lanes[static_cast<std::size_t>(seat.lane)]->a[seat.reg], seat.half);
}
float at_b(const MmaLanes& lanes, int row, int column) {
    const Seat seat = seat_of_b(row, column);
    return half_of(lanes[static_cast<std::size_t>(seat.lane)]->b[seat.reg], seat.half);
}
float& at_c(const MmaLanes& lanes, int row, int column) {
    const Seat seat = seat_of_c(row, column);
    return lanes[static_cast<std::size_t>(seat.lane)]->c[seat.reg];
}

struct LdmatrixArguments {
    std::uint32_t* r;
    const SharedRegion* region;
    std::size_t row;
};
using LdmatrixLanes = std::array<LdmatrixArguments*, 32>;

}  // namespace

float exchange_values(float value, int mask, const Place& place) {
    Block& block = Block::current();
    struct Arguments {
        float value, received;
        std::size_t mask;  // of which the GPU takes five bits
    } mine{value, 0, static_cast<std::size_t>(mask) % 32};
    block.together("shfl.sync.bfly", place, mine, [&](const std::array<Arguments*, 32>& all) {
        for (std::size_t i = 0; i < 32; ++i) all[i]->received = all[i ^ all[i]->mask]->value;
        ++block.counts().shuffles;
        if (block.is_watched()) {
            block.tell(
                {"shfl.sync.bfly",
                 place,
                 fmt::format("each lane gets the value of lane ^ {}; the 32 lanes as 4 rows of 8", mask),
                 {matrix("before", 4, 8,
                         [&](int i, int j) { return all[static_cast<std::size_t>(8 * i + j)]->value; }),
                  matrix("received", 4, 8,
                         [&](int i, int j) { return all[static_cast<std::size_t>(8 * i + j)]->received; })}});
        }
    });
    return mine.received;
}

void load_matrices(std::uint32_t (&r)[4], const SharedRegion& region, std::size_t row, bool is_transposed,
                   const Place& place) {
    Block& block = Block::current();
    const char* name = is_transposed ? "ldmatrix.x4.trans" : "ldmatrix.x4";
    LdmatrixArguments mine{r, &region, row};

    block.together(name, place, mine, [&](const LdmatrixLanes& lanes) {
        const auto at = [&](int m, int i, int j) {
            bf16 number;
            std::memcpy(&number,
                        block.shared_data() + lanes[static_cast<std::size_t>(8 * m + i)]->row + 2 * j, 2);
            return number;
        };
        // The rows of one matrix are read in one go: eight of 16 bytes fill the 32 banks.
        AccessCounts cost;
        for (int m = 0; m < 4; ++m) {
            std::vector<LaneAccess> rows;
            for (int i = 0; i < 8; ++i)
                rows.push_back({i, lanes[static_cast<std::size_t>(8 * m + i)]->row, 16});
            cost += cost_of(Access::shared_read, rows);
        }
        cost.requests = 1;
        block.counts().shared_reads += cost;
        block.counts().by_place[fmt::format("{} {}", to_string(place), name)] += cost;
        ++block.counts().ldmatrix;

        // Each lane points to a row that others receive.
        for (const LdmatrixArguments* lane : lanes) block.check_shared_row(*lane->region, lane->row, place);
        for (int lane = 0; lane < 32; ++lane) {
            const int across = lane / 4, along = 2 * (lane % 4);
            for (int m = 0; m < 4; ++m) {
                const bf16 low = is_transposed ? at(m, along, across) : at(m, across, along);
                const bf16 high = is_transposed ? at(m, along + 1, across) : at(m, across, along + 1);
                lanes[static_cast<std::size_t>(lane)]->r[m] =
                    static_cast<std::uint32_t>(low.bits) | static_cast<std::uint32_t>(high.bits) << 16;
            }
        }
        if (!block.is_watched()) return;
        WarpEvent event{name,
                        place,
                        fmt::format("four 8x8 matrices out of {}; cycles at the banks: {}, at best {}",
                                    region.name, cost.cost, cost.needed),
                        {}};
        for (int m = 0; m < 4; ++m) {
            event.tensors.push_back(matrix(fmt::format("matrix {}", m), 8, 8,
                                           [&](int i, int j) { return to_float(at(m, i, j)); }));
        }
        block.tell(std::move(event));
    });
}

void multiply_matrices(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                       const Place& place) {
    Block& block = Block::current();
    MmaArguments mine{c, a, b};
    block.together("mma.m16n8k16", place, mine, [&](const MmaLanes& lanes) {
        std::array<float, 16 * 16> left;
        std::array<float, 16 * 8> right;
        for (int k = 0; k < 16; ++k) {
            for (int row = 0; row < 16; ++row)
                left[static_cast<std::size_t>(16 * row + k)] = at_a(lanes, row, k);
            for (int column = 0; column < 8; ++column)
                right[static_cast<std::size_t>(8 * k + column)] = at_b(lanes, k, column);
        }
        for (int row = 0; row < 16; ++row) {
            for (int column = 0; column < 8; ++column) {
                float sum = 0;
                for (int k = 0; k < 16; ++k) {
                    sum += left[static_cast<std::size_t>(16 * row + k)] *
                           right[static_cast<std::size_t>(8 * k + column)];
                }
                at_c(lanes, row, column) += sum;
            }
        }
        ++block.counts().mma;
        if (!block.is_watched()) return;
        block.tell({"mma.m16n8k16",
                    place,
                    "c += a b, the 32 lanes' registers read as matrices",
                    {matrix("a", 16, 16, [&](int i, int j) { return at_a(lanes, i, j); }),
                     matrix("b", 16, 8, [&](int i, int j) { return at_b(lanes, i, j); }),
                     matrix("c", 16, 8, [&](int i, int j) { return at_c(lanes, i, j); })}});
    });
}

std::size_t byte_in(const SharedRegion& region, long byte, std::size_t bytes, const Place& place) {
    if (byte < 0 || byte + static_cast<long>(bytes) > static_cast<long>(region.bytes)) {
        throw KernelError(fmt::format("{}: thread {} touches {}[{}], which has {} elements", to_string(place),
                                      Block::current().thread(), region.name,
                                      byte / static_cast<long>(region.element_bytes),
                                      region.bytes / region.element_bytes));
    }
    if (byte % static_cast<long>(bytes) != 0) {
        throw KernelError(
            fmt::format("{}: thread {} touches {} bytes of {} at byte {}, which is no multiple of {}",
                        to_string(place), Block::current().thread(), bytes, region.name, byte, bytes));
    }
    return region.first_byte + static_cast<std::size_t>(byte);
}
