// What the emulator counts: sectors, cycles at the banks, bytes, instructions; and the log of a warp.
#include <map>
#include <numeric>

#include "common/cuda/host_tensors.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

namespace {

// The same as AccessCounts, but such that Catch2 can show it.
std::vector<std::int64_t> numbers(const AccessCounts& counts) {
    return {counts.requests, counts.cost, counts.needed};
}
using Costs = std::vector<std::int64_t>;  // requests, cost, needed

// A warp reads one float a lane, lane `lane` at stride * lane + first.
KernelCounts read_floats(int stride, int first, int lanes = 32) {
    EmulatedMachine machine;
    const auto in = machine.upload("in", std::vector<float>(2048));
    machine.launch(
        "kernel",
        +[](Global<const float> from, int stride_, int first_, int lanes_) {
            if (threadIdx.x < lanes_) static_cast<void>(from[stride_ * threadIdx.x + first_]);
        },
        Grid{}, in, stride, first, lanes);
    return machine.report(std::nullopt).launches.back().counts;
}

// Each lane writes a float to shared memory and, when all have, reads another.
KernelCounts exchange_floats(int row, int column, int period) {
    EmulatedMachine machine;
    machine.launch(
        "kernel",
        +[](int row_, int column_, int period_) {
            SharedArena arena;
            const Shared<float> shared = arena.take<float>("shared", 32 * 33);
            for (int i = threadIdx.x; i < 32 * 33; i += 32) shared[i] = 0;
            __syncwarp();
            static_cast<void>(
                static_cast<float>(shared[threadIdx.x % period_ * row_ + threadIdx.x / period_ * column_]));
        },
        Grid{1, 1, 1, 32, 32 * 33 * 4}, row, column, period);
    return machine.report(std::nullopt).launches.back().counts;
}

// Each lane writes `N` floats, `stride` floats apart.
template <std::size_t N>
AccessCounts write_floats(int stride) {
    EmulatedMachine machine;
    machine.launch(
        "kernel",
        +[](int stride_) {
            SharedArena arena;
            const Shared<float> shared = arena.take<float>("shared", 32 * 64);
            write_packed<N>(shared, stride_ * threadIdx.x, Packed<float, N>{});
        },
        Grid{1, 1, 1, 32, 32 * 64 * 4}, stride);
    return machine.report(std::nullopt).launches.back().counts.shared_writes;
}

// One ldmatrix, of rows that begin `stride` bf16 apart.
AccessCounts load_rows(int stride) {
    EmulatedMachine machine;
    machine.launch(
        "kernel",
        +[](int stride_) {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 32 * 72);
            for (int i = threadIdx.x; i < 32 * 72; i += 32) shared[i] = bf16{0};
            __syncwarp();
            std::uint32_t r[4];
            ldmatrix_x4(r, shared + stride_ * threadIdx.x);
        },
        Grid{1, 1, 1, 32, 32 * 72 * 2}, stride);
    return machine.report(std::nullopt).launches.back().counts.shared_reads;
}

}  // namespace

// --- global memory

TEST_CASE("emulator counts sectors: 4 for 32 neighbours, one for each lane that is alone", "[cuda]") {
    const auto reads = [](int stride, int first, int lanes = 32) {
        return numbers(read_floats(stride, first, lanes).global_reads);
    };
    CHECK(reads(1, 0) == Costs{1, 4, 4});
    CHECK(reads(2, 0) == Costs{1, 8, 4});
    CHECK(reads(8, 0) == Costs{1, 32, 4});
    CHECK(reads(32, 0) == Costs{1, 32, 4});
    CHECK(reads(1, 1) == Costs{1, 5, 4});      // misaligned
    CHECK(reads(-1, 31) == Costs{1, 4, 4});    // backwards
    CHECK(reads(0, 100) == Costs{1, 1, 1});    // all the same
    CHECK(reads(1, 0, 16) == Costs{1, 2, 2});  // half a warp
    CHECK(reads(3, 5, 1) == Costs{1, 1, 1});
    CHECK(read_floats(2, 0).sectors() == 8);
}

TEST_CASE("emulator counts sectors of writes, of several numbers at once, and of copies", "[cuda]") {
    EmulatedMachine machine;
    const auto in = machine.upload("in", std::vector<bf16>(512)), out = machine.poisoned<bf16>("out", 512);
    machine.launch(
        "kernel",
        +[](Global<const bf16> from, Global<bf16> to) {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 512);
            const int lane = threadIdx.x;
            write_packed<8>(to, 8 * lane, read_packed<8>(from, 8 * lane));
            to[16 * lane] = bf16{1};
            cp_async(shared + 8 * lane, from + 16 * lane, lane % 2 == 0);
            cp_async_wait<0>();
        },
        Grid{1, 1, 1, 32, 1024}, in, out);
    const KernelCounts counts = machine.report(std::nullopt).launches.back().counts;
    CHECK(numbers(counts.global_reads) == Costs{2, 16 + 16, 16 + 8});
    CHECK(numbers(counts.global_writes) == Costs{2, 16 + 32, 16 + 2});
    CHECK(counts.sectors() == 80);
    CHECK(counts.async_copies == 32);
}

TEST_CASE("emulator puts together what lanes do in the same turn of a loop", "[cuda]") {
    EmulatedMachine machine;
    const auto in = machine.upload("in", std::vector<float>(128));
    machine.launch(
        "kernel",
        +[](Global<const float> from) {
            // Lanes take one, two or three turns.
            for (int i = 0; i <= threadIdx.x % 3; ++i) static_cast<void>(from[32 * i + threadIdx.x]);
            __syncwarp();
            static_cast<void>(from[threadIdx.x]);  // counted here
        },
        Grid{2, 1, 1, 64}, in);
    const KernelCounts counts = machine.report(std::nullopt).launches.back().counts;
    // Three turns and one more, by 2 warps of 2 blocks.
    CHECK(counts.global_reads.requests == 4 * 4);
    const AccessCounts here =
        counts.by_place.at(place_of("emulator_counts_test.cpp", "counted here") + " global read");
    CHECK(numbers(here) == Costs{4, 16, 16});
    CHECK(counts.by_place.size() == 2);
}

TEST_CASE("emulator reports for each piece of memory what was read, how much of it, and written", "[cuda]") {
    EmulatedMachine machine;
    const auto keys = machine.upload("keys", std::vector<bf16>(100));
    const auto unread = machine.upload("unread", std::vector<float>(3));
    const auto out = machine.poisoned<float>("out", 64);
    machine.launch(
        "kernel",
        +[](Global<const bf16> from, Global<float> to) {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 64 * 8);
            const int i = threadIdx.x;
            to[i] = to_float(from[i]) + to_float(from[i % 10]);
            cp_async(shared + 8 * i, from + 80, i < 5);  // five times the same 16 bytes
        },
        Grid{1, 1, 1, 64, 1024}, keys, out);
    const RunReport report = machine.report(0.25);
    REQUIRE(report.memory.size() == 3);
    const MemoryReport& read = report.memory[0];
    CHECK(read.name == "keys");
    CHECK(read.bytes == 200);
    CHECK(read.bytes_read == 2 * 64 * 2 + 5 * 16);
    CHECK(read.different_bytes_read == 64 * 2 + 16);
    CHECK(read.bytes_written == 0);
    CHECK(report.memory[1].name == "unread");
    CHECK(report.memory[1].bytes_read == 0);
    CHECK(report.memory[1].different_bytes_read == 0);
    CHECK(report.memory[2].bytes_written == 64 * 4);
    CHECK(report.memory[2].bytes_read == 0);
    CHECK(report.seconds == 0.25);
}

// --- shared memory

TEST_CASE("emulator counts cycles at the banks: a column of 32 floats takes 32, a padded one takes 1",
          "[cuda]") {
    const auto reads = [](int row, int column, int period) {
        const KernelCounts counts = exchange_floats(row, column, period);
        CHECK(counts.bank_conflicts() == counts.shared_reads.cost - counts.shared_reads.needed);
        return numbers(counts.shared_reads);
    };
    CHECK(reads(1, 0, 32) == Costs{1, 1, 1});    // a row
    CHECK(reads(32, 0, 32) == Costs{1, 32, 1});  // a column
    CHECK(reads(33, 0, 32) == Costs{1, 1, 1});   // a padded column
    CHECK(reads(0, 0, 32) == Costs{1, 1, 1});    // a broadcast
    CHECK(reads(2, 0, 32) == Costs{1, 2, 1});    // every other one
    CHECK(reads(1, 32, 16) == Costs{1, 2, 1});   // 16 neighbours in each of two rows
    CHECK(reads(0, 1, 4) == Costs{1, 1, 1});     // 8 neighbours, each for 4 lanes
    CHECK(reads(32, 1, 4) == Costs{1, 4, 1});
}

TEST_CASE("emulator counts cycles at the banks: wide accesses come in parts of 128 bytes", "[cuda]") {
    CHECK(numbers(write_floats<1>(1)) == Costs{1, 1, 1});
    CHECK(numbers(write_floats<1>(32)) == Costs{1, 32, 1});
    CHECK(numbers(write_floats<2>(2)) == Costs{1, 2, 2});
    CHECK(numbers(write_floats<2>(4)) == Costs{1, 4, 2});
    CHECK(numbers(write_floats<4>(4)) == Costs{1, 4, 4});
    CHECK(numbers(write_floats<4>(8)) == Costs{1, 8, 4});
    CHECK(numbers(write_floats<4>(32)) == Costs{1, 32, 4});
    CHECK(numbers(write_floats<4>(36)) == Costs{1, 4, 4});  // rows of 128 bytes and 16 of padding
}

TEST_CASE("emulator counts cycles at the banks: two bf16 of one word share it", "[cuda]") {
    const KernelCounts counts = counts_of(
        +[] {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 32);
            shared[threadIdx.x] = bf16{0};
        },
        Grid{1, 1, 1, 32, 64});
    CHECK(numbers(counts.shared_writes) == Costs{1, 1, 1});
}

TEST_CASE("emulator counts cycles at the banks: ldmatrix reads eight rows at a time", "[cuda]") {
    CHECK(numbers(load_rows(8)) == Costs{1, 4, 4});
    CHECK(numbers(load_rows(16)) == Costs{1, 8, 4});
    CHECK(numbers(load_rows(64)) == Costs{1, 32, 4});  // rows of 128 bytes
    CHECK(numbers(load_rows(72)) == Costs{1, 4, 4});   // with 16 bytes of padding
    CHECK(numbers(load_rows(0)) == Costs{1, 4, 4});    // one row for all
}

// --- instructions

TEST_CASE("emulator counts instructions once for each warp, and barriers once for those who meet", "[cuda]") {
    const KernelCounts counts = counts_of(
        +[] {
            SharedArena arena;
            const Shared<bf16> shared = arena.take<bf16>("shared", 8 * 64);
            for (int i = 0; i < 8; ++i) shared[8 * threadIdx.x + i] = bf16{0};
            __syncthreads();
            std::uint32_t r[4];
            for (int i = 0; i < 3; ++i) ldmatrix_x4(r, shared + 8 * threadIdx.x);
            float c[4] = {};
            const std::uint32_t b[2] = {};
            for (int i = 0; i < 5; ++i) mma_m16n8k16(c, r, b);
            static_cast<void>(shuffle_xor(c[0], 1));
            __syncwarp();
            __syncthreads();
        },
        Grid{3, 1, 1, 64, 1024});
    CHECK(counts.ldmatrix == 3 * 2 * 3);
    CHECK(counts.mma == 3 * 2 * 5);
    CHECK(counts.shuffles == 3 * 2);
    CHECK(counts.warp_barriers == 3 * 2);
    CHECK(counts.block_barriers == 3 * 2);
}

TEST_CASE("emulator reports launches one by one, with name and grid", "[cuda]") {
    EmulatedMachine machine;
    const auto in = machine.upload("in", std::vector<float>(32));
    const auto kernel = +[](Global<const float> from) { static_cast<void>(from[threadIdx.x]); };
    machine.launch("first", kernel, Grid{2}, in);
    machine.launch("second", kernel, Grid{3}, in);
    const RunReport report = machine.report(std::nullopt);
    REQUIRE(report.launches.size() == 2);
    CHECK(report.launches[0].kernel == "first");
    CHECK(report.launches[0].grid.x == 2);
    CHECK(report.launches[0].counts.global_reads.requests == 2);
    CHECK(report.launches[1].kernel == "second");
    CHECK(report.launches[1].counts.global_reads.requests == 3);
    CHECK(report.memory[0].bytes_read == 5 * 128);
}

// --- the log of a warp

namespace {

// Every instruction that a warp does together, and memory between them.
void kernel_to_watch(Global<const bf16> in, Global<float> out) {
    SharedArena arena;
    const Shared<bf16> shared = arena.take<bf16>("tile", 64 * 8);
    const int i = threadIdx.x;
    cp_async(shared + 8 * i, in + 8 * (64 * blockIdx.x + i), true);
    cp_async_commit();
    cp_async_wait<0>();
    __syncwarp();
    std::uint32_t a[4], transposed[4];
    ldmatrix_x4(a, shared + 8 * i);
    ldmatrix_x4_transposed(transposed, shared + 8 * i);
    float c[4] = {0.5f, 0, 0, 0};
    const std::uint32_t b[2] = {transposed[0], transposed[1]};
    mma_m16n8k16(c, a, b);
    out[i] = shuffle_xor(static_cast<float>(i), 8);
    __syncthreads();
}

struct Watched {
    WarpLog log;
    KernelCounts counts;
};
Watched watch(int warp, Order order = Order::round_robin, const char* kernel = "kernel_to_watch") {
    Watched watched;
    EmulatorOptions options = in_order(order);
    options.watch = {kernel, warp, &watched.log};
    EmulatedMachine machine(options);
    std::vector<float> numbers(128 * 8);
    std::iota(numbers.begin(), numbers.end(), 0.0f);
    const auto in = machine.upload("in", rounded_to_bf16(numbers));
    const auto out = machine.poisoned<float>("out", 64);
    // The second launch of the same kernel is not watched.
    for (int launch = 0; launch < 2; ++launch)
        machine.launch("kernel_to_watch", kernel_to_watch, Grid{2, 1, 1, 64, 1024}, in, out);
    watched.counts = machine.report(std::nullopt).launches.front().counts;
    return watched;
}
std::vector<std::string> instructions(const WarpLog& log) {
    std::vector<std::string> names;
    for (const WarpEvent& event : log) names.push_back(event.instruction);
    return names;
}
const WarpEvent& event_of(const WarpLog& log, const std::string& instruction) {
    for (const WarpEvent& event : log) {
        if (event.instruction == instruction) return event;
    }
    throw std::logic_error("no " + instruction + " in the log");
}
AnyTensor matrix(std::size_t rows, std::size_t columns, std::size_t (*at)(std::size_t, std::size_t)) {
    std::vector<float> values;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) values.push_back(static_cast<float>(at(i, j)));
    }
    return {{rows, columns}, values};
}

}  // namespace

TEST_CASE("emulator: the log of a warp has all it does, in order", "[cuda]") {
    for (const Order order : every_order) {
        CHECK(instructions(watch(0, order).log) ==
              std::vector<std::string>{"read global memory", "write shared memory", "cp.async.commit_group",
                                       "cp.async.wait_group", "__syncwarp", "ldmatrix.x4",
                                       "ldmatrix.x4.trans", "mma.m16n8k16", "shfl.sync.bfly",
                                       "write global memory", "__syncthreads"});
    }
    CHECK(watch(0, Order::round_robin, "another").log.empty());

    // Who is watched does the same.
    CHECK(watch(0).counts.by_place.size() == watch(0, Order::round_robin, "another").counts.by_place.size());
    CHECK(watch(0).counts.sectors() == watch(0, Order::round_robin, "another").counts.sectors());
}

TEST_CASE("emulator: the log says what an instruction costs, and where it stands", "[cuda]") {
    const WarpLog log = watch(1).log;
    CHECK(event_of(log, "read global memory").text ==
          "32 lanes, 16 bytes each; sectors of 32 bytes: 16, at best 16");
    CHECK(event_of(log, "write shared memory").text ==
          "32 lanes, 16 bytes each; cycles at the banks: 4, at best 4");
    CHECK(event_of(log, "write global memory").text ==
          "32 lanes, 4 bytes each; sectors of 32 bytes: 4, at best 4");
    CHECK(event_of(log, "cp.async.commit_group").text == "groups of copies under way: 1");
    CHECK(event_of(log, "cp.async.wait_group").text ==
          "groups of copies that have arrived: 1; may still be under way: 0");
    CHECK(event_of(log, "ldmatrix.x4").text ==
          "four 8x8 matrices out of tile; cycles at the banks: 4, at best 4");
    CHECK(to_string(event_of(log, "ldmatrix.x4").place).starts_with("emulator_counts_test.cpp:"));
}

TEST_CASE("emulator: the log has the matrices that the lanes hold together", "[cuda]") {
    // Of warp 0, whose matrix m is numbers 64 m to 64 m + 63.
    const WarpLog log = watch(0).log;
    for (const char* name : {"ldmatrix.x4", "ldmatrix.x4.trans"}) {
        const WarpEvent& loaded = event_of(log, name);
        REQUIRE(loaded.tensors.size() == 4);
        CHECK(loaded.tensors[1].first == "matrix 1");
        CHECK(identical(loaded.tensors[1].second,
                        matrix(8, 8, [](std::size_t i, std::size_t j) { return 64 + 8 * i + j; })));
        CHECK(identical(loaded.tensors[3].second,
                        matrix(8, 8, [](std::size_t i, std::size_t j) { return 64 * 3 + 8 * i + j; })));
    }

    // a is the four matrices as [0 2; 1 3]; b is matrix 0 above matrix 1, as they stand.
    const WarpEvent& product = event_of(log, "mma.m16n8k16");
    REQUIRE(product.tensors.size() == 3);
    const auto a = [](std::size_t i, std::size_t j) {
        return 64 * (i / 8 + 2 * (j / 8)) + 8 * (i % 8) + j % 8;
    };
    const auto b = [](std::size_t i, std::size_t j) { return 64 * (i / 8) + 8 * (i % 8) + j; };
    CHECK(product.tensors[0].first == "a");
    CHECK(identical(product.tensors[0].second, matrix(16, 16, a)));
    CHECK(product.tensors[1].first == "b");
    CHECK(identical(product.tensors[1].second, matrix(16, 8, b)));
    CHECK(product.tensors[2].first == "c");
    const auto& c = std::get<std::vector<float>>(product.tensors[2].second.values);
    double expected = 0;
    for (std::size_t k = 0; k < 16; ++k)
        expected += static_cast<double>(a(3, k)) * static_cast<double>(b(k, 4));
    CHECK(static_cast<double>(c[3 * 8 + 4]) == expected + 0.5);  // of c[0] before
    expected = 0;
    for (std::size_t k = 0; k < 16; ++k)
        expected += static_cast<double>(a(11, k)) * static_cast<double>(b(k, 5));
    CHECK(static_cast<double>(c[11 * 8 + 5]) == expected);

    // Warp 1's own numbers.
    const WarpLog other = watch(1).log;
    const WarpEvent& exchange = event_of(other, "shfl.sync.bfly");
    CHECK(exchange.text == "each lane gets the value of lane ^ 8; the 32 lanes as 4 rows of 8");
    REQUIRE(exchange.tensors.size() == 2);
    CHECK(exchange.tensors[0].first == "before");
    CHECK(identical(exchange.tensors[0].second,
                    matrix(4, 8, [](std::size_t i, std::size_t j) { return 32 + 8 * i + j; })));
    CHECK(exchange.tensors[1].first == "received");
    CHECK(identical(exchange.tensors[1].second,
                    matrix(4, 8, [](std::size_t i, std::size_t j) { return 32 + 8 * (i ^ 1) + j; })));
}
