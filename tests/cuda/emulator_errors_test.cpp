// Mistakes that the emulator catches, each with the words it finds for it; and right code that looks like
// them.
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

std::string at(const char* marker) {
    return place_of("emulator_errors_test.cpp", marker);
}
// What the emulator puts before it for a kernel of one block.
std::string in_kernel(const std::string& error) {
    return "kernel, block (0, 0, 0): " + error;
}

const Grid one_warp{1, 1, 1, 32, 1024}, two_warps{1, 1, 1, 64, 1024};

Shared<float> take_floats(int count = 256) {
    SharedArena arena;
    return arena.take<float>("s", count);
}
void read(const Shared<float>& s, int i, Place place = Place::current()) {
    static_cast<void>(static_cast<float>(s[PlacedIndex(i, place)]));
}

// Whether all three orders say the same; what they say.
void check_error(void (*kernel)(), const Grid& grid, const std::string& error) {
    for (const Order order : every_order) {
        CAPTURE(static_cast<int>(order));
        CHECK(error_of(kernel, grid, order) == in_kernel(error));
    }
}
void check_fine(void (*kernel)(), const Grid& grid) {
    for (const Order order : every_order) {
        CAPTURE(static_cast<int>(order));
        CHECK(error_of(kernel, grid, order) == "");
    }
}

// What it says when threads run in turn, for a mistake where the order decides who makes it.
void check_error_in_turn(void (*kernel)(), const Grid& grid, const std::string& error) {
    CHECK(error_of(kernel, grid) == in_kernel(error));
}

// Parts of what all orders say.
void check_error_has(void (*kernel)(), const Grid& grid, const std::vector<std::string>& parts) {
    for (const Order order : every_order) {
        const std::string error = error_of(kernel, grid, order);
        CAPTURE(static_cast<int>(order), error);
        for (const std::string& part : parts) {
            CAPTURE(part);
            CHECK(error.find(part) != std::string::npos);
        }
    }
}

// Kernels on 64 numbers of global memory.
std::string error_with_memory(void (*kernel)(Global<float>, Global<const bf16>)) {
    EmulatedMachine machine;
    const auto floats = machine.poisoned<float>("floats", 64);
    const auto halves = machine.poisoned<bf16>("halves", 64);
    try {
        machine.launch("kernel", kernel, Grid{1, 1, 1, 32, 1024}, floats, halves);
    } catch (const KernelError& error) {
        return error.what();
    }
    return "";
}
void check_error_with_memory(void (*kernel)(Global<float>, Global<const bf16>), const std::string& error) {
    CHECK(error_with_memory(kernel) == in_kernel(error));
}
void check_fine_with_memory(void (*kernel)(Global<float>, Global<const bf16>)) {
    CHECK(error_with_memory(kernel) == "");
}

}  // namespace

// --- shared memory that was not written

TEST_CASE("emulator: shared memory that nobody has written must not be read", "[cuda]") {
    check_error(
        +[] {
            const Shared<float> s = take_floats();
            s[2 * threadIdx.x] = 1;
            __syncthreads();
            if (threadIdx.x == 3) read(s, 11);  // reads what nobody wrote
        },
        one_warp,
        at("reads what nobody wrote") + ": thread 3 (warp 0, lane 3) reads s[11], which nobody has written");
}

TEST_CASE("emulator: what an earlier piece of shared memory has left there does not count as written",
          "[cuda]") {
    check_error(
        +[] {
            SharedArena arena;
            const Shared<float> before = arena.take<float>("before", 64);
            before[threadIdx.x] = 1;
            __syncthreads();
            arena.start_over();
            const Shared<float> after = arena.take<float>("after", 64);
            if (threadIdx.x == 5) read(after, 5);  // reads what was left
        },
        two_warps,
        at("reads what was left") + ": thread 5 (warp 0, lane 5) reads after[5], which nobody has written");
}

// --- read after write

TEST_CASE("emulator: a lane must not read what another has written without __syncwarp between", "[cuda]") {
    check_error_has(
        +[] {
            const Shared<float> s = take_floats();
            s[threadIdx.x] = 1;  // wrote before its neighbour
            // A shuffle lets nobody pass early, and still orders nothing.
            static_cast<void>(shuffle_xor(0, 1));
            if (threadIdx.x == 4) read(s, 7);  // reads its neighbour's
        },
        one_warp,
        {in_kernel(at("reads its neighbour's") +
                   ": thread 4 (warp 0, lane 4) reads s[7], which thread 7 (warp 0, lane 7) has written (" +
                   at("wrote before its neighbour") +
                   "), and neither __syncwarp nor __syncthreads stands between")});
}

TEST_CASE("emulator: between warps a __syncwarp is not enough", "[cuda]") {
    const auto kernel = +[] {
        const Shared<float> s = take_floats();
        s[threadIdx.x] = 1;  // wrote for another warp
        __syncwarp();
        if (threadIdx.x >= 32) read(s, threadIdx.x - 32);  // reads another warp's
        __syncwarp();
    };
    check_error_in_turn(
        kernel, two_warps,
        at("reads another warp's") +
            ": thread 63 (warp 1, lane 31) reads s[31], which thread 31 (warp 0, lane 31) has "
            "written (" +
            at("wrote for another warp") + "), and no __syncthreads stands between");
    check_error_has(kernel, two_warps, {in_kernel(at("reads another warp's"))});
}

// --- write after read

TEST_CASE("emulator: a lane must not write what others of its warp may still be reading", "[cuda]") {
    // Each order has another last reader, and one of them may be the writer itself.
    check_error_has(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 9) s[20] = 1;
            __syncwarp();
            if (threadIdx.x % 2 == 1) read(s, 20);  // odd lanes read
            static_cast<void>(shuffle_xor(0, 1));
            if (threadIdx.x == 9) s[20] = 2;  // overwrites
        },
        one_warp,
        {in_kernel(at("overwrites") + ": thread 9 (warp 0, lane 9) writes s[20], which thread "),
         "may still be reading (" + at("odd lanes read") +
             "), and neither __syncwarp nor __syncthreads stands between"});
}

TEST_CASE("emulator: a warp must not write what another may still be reading", "[cuda]") {
    const auto kernel = +[] {
        const Shared<float> s = take_floats();
        if (threadIdx.x == 1) s[20] = 1;
        __syncthreads();
        if (threadIdx.x == 40) read(s, 20);  // the other warp reads
        __syncwarp();
        if (threadIdx.x == 1) s[20] = 2;  // overwrites for warp 1
    };
    // Where warp 1 comes first it is still reading, and where warp 0 comes first it has written too early.
    CHECK(error_of(kernel, two_warps, Order::reverse) ==
          in_kernel(at("overwrites for warp 1") +
                    ": thread 1 (warp 0, lane 1) writes s[20], which thread 40 (warp 1, lane 8) may still be "
                    "reading (" +
                    at("the other warp reads") + "), and no __syncthreads stands between"));
    check_error_has(kernel, two_warps, {"s[20], which thread ", ", and no __syncthreads stands between"});
}

TEST_CASE("emulator: others that read before the writer did are remembered, and named", "[cuda]") {
    check_error_in_turn(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 9) s[20] = 1;
            __syncwarp();
            if (threadIdx.x < 4) read(s, 20);  // four of its warp read
            if (threadIdx.x == 9) {
                read(s, 20);
                s[20] = 2;  // reads too and writes
            }
        },
        one_warp,
        at("reads too and writes") +
            ": thread 9 (warp 0, lane 9) writes s[20], which thread 3 (warp 0, lane 3) may still be reading (" +
            at("four of its warp read") + "), and neither __syncwarp nor __syncthreads stands between");

    // Another warp; that its own has met since makes no difference.
    const auto kernel = +[] {
        const Shared<float> s = take_floats();
        if (threadIdx.x == 0) s[20] = 1;
        __syncthreads();
        read(s, 20);  // both warps read
        __syncwarp();
        if (threadIdx.x % 32 == 1) s[20] = 2;  // one of either writes
    };
    check_error_has(kernel, two_warps, {in_kernel(at("one of either writes"))});
    // Thread 0 reads first: it comes last to __syncthreads, and goes on.
    CHECK(error_of(kernel, two_warps, Order::reverse) ==
          in_kernel(at("one of either writes") +
                    ": thread 33 (warp 1, lane 1) writes s[20], which thread 0 (warp 0, lane 0) may still be "
                    "reading (" +
                    at("both warps read") + "), and no __syncthreads stands between"));
    check_error_in_turn(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 0) s[20] = 1;
            __syncthreads();
            if (threadIdx.x == 5) read(s, 20);  // one of warp 0 reads
            if (threadIdx.x >= 40) read(s, 20);
            __syncwarp();
            if (threadIdx.x == 50) s[20] = 2;  // one of warp 1 writes
        },
        two_warps,
        at("one of warp 1 writes") +
            ": thread 50 (warp 1, lane 18) writes s[20], which thread 5 (warp 0, lane 5) may still be "
            "reading (" +
            at("one of warp 0 reads") + "), and no __syncthreads stands between");
}

// --- write after write

TEST_CASE("emulator: two threads must not write the same without a barrier between", "[cuda]") {
    check_error_in_turn(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 3 || threadIdx.x == 12) s[6] = 1;  // both write
        },
        one_warp,
        at("both write") +
            ": thread 12 (warp 0, lane 12) writes s[6], which thread 3 (warp 0, "
            "lane 3) has written too (" +
            at("both write") + "), and neither __syncwarp nor __syncthreads stands between");
    check_error_has(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x % 32 == 3) s[6] = 1;
            __syncwarp();
        },
        two_warps, {"has written too", "and no __syncthreads stands between"});
}

TEST_CASE("emulator: accesses of different widths are seen to overlap", "[cuda]") {
    check_error_has(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 0) write_packed<4>(s, 4, Packed<float, 4>{});
            if (threadIdx.x == 1) s[7] = 1;
        },
        one_warp, {"s[7]", "has written too"});
}

// --- cp.async

namespace {

// Begins to copy a row of 8 bf16 for every thread.
Shared<bf16> begin_to_copy(Global<const bf16> halves) {
    SharedArena arena;
    const Shared<bf16> rows = arena.take<bf16>("rows", 32 * 8);
    cp_async(rows + 8 * threadIdx.x, halves, true);  // begins to copy
    return rows;
}
const std::string missing_wait =
    ") is still under way: its cp.async.wait is missing or allows too many groups";

}  // namespace

TEST_CASE("emulator: what cp_async brings must not be read before the thread has waited for it", "[cuda]") {
    check_error_with_memory(
        +[](Global<float> out, Global<const bf16> halves) {
            const Shared<bf16> rows = begin_to_copy(halves);
            __syncthreads();                                         // waits for threads, not for copies
            out[threadIdx.x] = to_float(rows[8 * threadIdx.x + 1]);  // reads its copy
        },
        at("reads its copy") +
            ": thread 31 (warp 0, lane 31) reads rows[249], where the cp.async of thread 31 (warp 0, lane "
            "31) (" +
            at("begins to copy") + missing_wait);
    const std::string not_committed = error_with_memory(+[](Global<float> out, Global<const bf16> halves) {
        const Shared<bf16> rows = begin_to_copy(halves);
        cp_async_wait<0>();  // of groups, and there is none
        out[threadIdx.x] = to_float(rows[8 * threadIdx.x + 1]);
    });
    CHECK(not_committed.ends_with(missing_wait));
}

TEST_CASE("emulator: others must not read what a thread has copied before they have met it", "[cuda]") {
    check_error_with_memory(
        +[](Global<float> out, Global<const bf16> halves) {
            const Shared<bf16> rows = begin_to_copy(halves);
            cp_async_commit();
            cp_async_wait<0>();
            static_cast<void>(shuffle_xor(0, 1));
            out[threadIdx.x] = to_float(rows[8 * (threadIdx.x ^ 1)]);  // reads another's copy
        },
        at("reads another's copy") +
            ": thread 31 (warp 0, lane 31) reads rows[240], which thread 30 (warp 0, lane 30) "
            "has written (" +
            at("begins to copy") + "), and neither __syncwarp nor __syncthreads stands between");
}

TEST_CASE("emulator: where cp_async copies to must not be written before it has arrived", "[cuda]") {
    const auto write_early = +[](Global<float>, Global<const bf16> halves) {
        const Shared<bf16> rows = begin_to_copy(halves);
        __syncwarp();
        if (threadIdx.x == 6) rows[8 * 2 + 3] = bf16{0};  // writes into a copy
    };
    CHECK(error_with_memory(write_early) ==
          in_kernel(at("writes into a copy") +
                    ": thread 6 (warp 0, lane 6) writes rows[19], where the cp.async of thread 2 (warp 0, "
                    "lane 2) (" +
                    at("begins to copy") + ") is still under way"));
    const auto copy_twice = +[](Global<float>, Global<const bf16> halves) {
        const Shared<bf16> rows = begin_to_copy(halves);
        cp_async_commit();
        cp_async_wait<1>();
        cp_async(rows + 8 * threadIdx.x, halves, false);  // copies again
    };
    CHECK(error_with_memory(copy_twice) ==
          in_kernel(at("copies again") +
                    ": thread 0 (warp 0, lane 0) copies into rows[0], where the cp.async of thread 0 (warp "
                    "0, lane 0) (" +
                    at("begins to copy") + ") is still under way"));
}

TEST_CASE("emulator: cp_async must not copy into what others may still be reading", "[cuda]") {
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            const Shared<bf16> rows = begin_to_copy(halves);
            cp_async_commit();
            cp_async_wait<0>();
            __syncwarp();
            std::uint32_t r[4];
            ldmatrix_x4(r, rows + 8 * threadIdx.x);               // the warp reads
            if (threadIdx.x == 31) cp_async(rows, halves, true);  // copies over it
        },
        at("copies over it") +
            ": thread 31 (warp 0, lane 31) copies into rows[0], which warp 0 may still be "
            "reading (" +
            at("the warp reads") + "), and neither __syncwarp nor __syncthreads stands between");
}

// --- ldmatrix, mma and shuffles

TEST_CASE("emulator: ldmatrix reads what others have written, and needs a barrier before", "[cuda]") {
    check_error_in_turn(
        +[] {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 32 * 8);
            for (int i = 0; i < 8; ++i) rows[8 * threadIdx.x + i] = bf16{0};  // writes its row
            std::uint32_t r[4];
            ldmatrix_x4(r, rows + 8 * threadIdx.x);  // loads at once
        },
        one_warp,
        at("loads at once") +
            ": warp 0 reads rows[0], which thread 0 (warp 0, lane 0) has "
            "written (" +
            at("writes its row") + "), and neither __syncwarp nor __syncthreads stands between");
    check_error(
        +[] {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 32 * 8);
            for (int i = 0; i < 8; ++i) {
                if (8 * threadIdx.x + i != 77) rows[8 * threadIdx.x + i] = bf16{0};
            }
            __syncwarp();
            std::uint32_t r[4];
            ldmatrix_x4_transposed(r, rows + 8 * threadIdx.x);  // loads one too many
        },
        one_warp, at("loads one too many") + ": warp 0 reads rows[77], which nobody has written");
}

TEST_CASE("emulator: what a warp does together all of its lanes must do, at the same place", "[cuda]") {
    const std::string both = "; all 32 must take part in both";
    check_error_in_turn(
        +[] {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 32 * 8);
            std::uint32_t r[4];
            if (threadIdx.x % 32 < 20) {
                __syncwarp();  // some synchronise
            } else {
                ldmatrix_x4(r, rows);  // others load
            }
        },
        two_warps,
        at("others load") +
            ": lane 20 of warp 0 does ldmatrix.x4, while others of its warp wait "
            "at __syncwarp (" +
            at("some synchronise") + ")" + both);
    // The same instruction at two places.
    check_error_in_turn(
        +[] {
            if (threadIdx.x % 2 == 0) {
                static_cast<void>(shuffle_xor(0, 1));  // even lanes
            } else {
                static_cast<void>(shuffle_xor(0, 1));  // odd lanes
            }
        },
        one_warp,
        at("odd lanes") +
            ": lane 1 of warp 0 does shfl.sync.bfly, while others of its warp wait "
            "at shfl.sync.bfly (" +
            at("even lanes") + ")" + both);
    // Two instructions at one place.
    check_error_in_turn(
        +[] {
            threadIdx.x < 9 ? __syncwarp() : static_cast<void>(shuffle_xor(0, 1));  // one or the other
        },
        one_warp,
        at("one or the other") +
            ": lane 9 of warp 0 does shfl.sync.bfly, while others of its warp wait at __syncwarp (" +
            at("one or the other") + ")" + both);
    check_error(
        +[] {
            float c[4] = {};
            const std::uint32_t a[4] = {}, b[2] = {};
            if (threadIdx.x != 35) mma_m16n8k16(c, a, b);  // one does not multiply
        },
        two_warps,
        "thread 32 waits for ever at mma.m16n8k16 (" + at("one does not multiply") +
            "), while thread 35 has ended without it");
}

// --- barriers that not all reach

TEST_CASE("emulator: __syncthreads that some threads never reach is told, and where they are", "[cuda]") {
    check_error(
        +[] {
            if (threadIdx.x == 40) return;
            __syncthreads();  // all but one
        },
        two_warps,
        "thread 0 waits for ever at __syncthreads (" + at("all but one") +
            "), while thread 40 has ended without it");
    check_error(
        +[] {
            if (threadIdx.x < 50) {
                __syncthreads();  // most wait for the block
            } else {
                __syncwarp();  // some wait for their warp
            }
        },
        two_warps,
        "thread 0 waits for ever at __syncthreads (" + at("most wait for the block") +
            "), while thread 50 waits at __syncwarp (" + at("some wait for their warp") + ")");
    check_error(
        +[] {
            for (int i = 0; i < 2 + threadIdx.x / 32; ++i) __syncthreads();  // one time more
        },
        two_warps,
        "thread 32 waits for ever at __syncthreads (" + at("one time more") +
            "), while thread 0 has ended without it");
}

TEST_CASE("emulator: threads that meet at two different __syncthreads have not met", "[cuda]") {
    check_error_in_turn(
        +[] {
            if (threadIdx.x < 32) {
                __syncthreads();  // warp 0 meets
            } else {
                __syncthreads();  // warp 1 meets
            }
        },
        two_warps,
        at("warp 1 meets") +
            ": thread 32 does __syncthreads, while others of its block wait at "
            "another (" +
            at("warp 0 meets") + "); all must come to the same");
}

TEST_CASE("emulator: after an error the machine can be used again", "[cuda]") {
    EmulatedMachine machine;
    const auto out = machine.poisoned<float>("out", 64);
    const auto kernel = +[](Global<float> to, bool fails) {
        const Shared<float> s = take_floats();
        s[threadIdx.x] = static_cast<float>(threadIdx.x);
        if (fails && threadIdx.x == 3) read(s, 200);
        __syncthreads();
        to[threadIdx.x] = s[63 - threadIdx.x];
    };
    CHECK_THROWS_AS(machine.launch("kernel", kernel, two_warps, out, true), KernelError);
    machine.launch("kernel", kernel, two_warps, out, false);
    CHECK(machine.download(out)[10] == 53.0f);
}

// --- bounds and alignment

TEST_CASE("emulator: global memory has bounds, above and below", "[cuda]") {
    check_error_with_memory(
        +[](Global<float> floats, Global<const bf16>) {
            static_cast<void>(static_cast<float>(floats[2 * threadIdx.x + 3]));  // reads too far
        },
        at("reads too far") + ": thread 31 reads bytes 260 to 263 of floats, which has 256");
    check_error_with_memory(
        +[](Global<float> floats, Global<const bf16>) {
            (floats + 10)[threadIdx.x - 14] = 1;  // writes too low
        },
        at("writes too low") + ": thread 0 writes bytes -16 to -13 of floats, which has 256");
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            static_cast<void>(read_packed<8>(halves, 64));  // reads eight too far
        },
        at("reads eight too far") + ": thread 0 reads bytes 128 to 143 of halves, which has 128");
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 256);
            const Global<const bf16> from = halves + 8 * threadIdx.x;
            cp_async(rows + 8 * threadIdx.x, from, threadIdx.x < 9);  // copies from too far
        },
        at("copies from too far") + ": thread 8 copies bytes 128 to 143 of halves, which has 128");
    // What is not valid is not looked at.
    check_fine_with_memory(+[](Global<float>, Global<const bf16> halves) {
        SharedArena arena;
        const Shared<bf16> rows = arena.take<bf16>("rows", 256);
        cp_async(rows + 8 * threadIdx.x, halves + 8 * threadIdx.x, threadIdx.x < 8);
    });
}

TEST_CASE("emulator: global memory is read and written at multiples of what is moved", "[cuda]") {
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            static_cast<void>(read_packed<4>(halves, 6));  // reads askew
        },
        at("reads askew") + ": thread 0 reads 8 bytes of halves at byte 12, which is no multiple of 8");
    check_error_with_memory(
        +[](Global<float> floats, Global<const bf16>) {
            write_packed<2>(floats + 1, 2 * threadIdx.x, Packed<float, 2>{});  // writes askew
        },
        at("writes askew") + ": thread 0 writes 8 bytes of floats at byte 4, which is no multiple of 8");
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            SharedArena arena;
            cp_async(arena.take<bf16>("rows", 256), halves + 4, true);  // copies from askew
        },
        at("copies from askew") +
            ": thread 0 copies 16 bytes of halves at byte 8, which is no multiple of 16");
}

TEST_CASE("emulator: pieces of shared memory have bounds, above and below", "[cuda]") {
    check_error(
        +[] {
            const Shared<float> s = take_floats(33);
            if (threadIdx.x == 30) s[33] = 1;  // one too far
        },
        one_warp, at("one too far") + ": thread 30 touches s[33], which has 33 elements");
    check_error(
        +[] {
            const Shared<float> s = take_floats(33);
            if (threadIdx.x == 30) read(s + 4, -5);  // one too low
        },
        one_warp, at("one too low") + ": thread 30 touches s[-1], which has 33 elements");
    check_error(
        +[] {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 30);
            std::uint32_t r[4];
            if (threadIdx.x == 8) ldmatrix_x4(r, rows + 24);  // ends too far
        },
        one_warp, at("ends too far") + ": thread 8 touches rows[24], which has 30 elements");
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            SharedArena arena;
            cp_async(arena.take<bf16>("rows", 64) + 8 * threadIdx.x, halves, true);  // copies too far
        },
        at("copies too far") + ": thread 8 touches rows[64], which has 64 elements");
}

TEST_CASE("emulator: shared memory is touched at multiples of what is moved", "[cuda]") {
    check_error(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 2) write_packed<2>(s, 5, Packed<float, 2>{});  // a pair askew
        },
        one_warp,
        at("a pair askew") + ": thread 2 touches 8 bytes of s at byte 20, which is no multiple of 8");
    check_error(
        +[] {
            SharedArena arena;
            const Shared<bf16> rows = arena.take<bf16>("rows", 256);
            std::uint32_t r[4];
            if (threadIdx.x == 7) ldmatrix_x4(r, rows + 4);  // a row askew
        },
        one_warp,
        at("a row askew") + ": thread 7 touches 16 bytes of rows at byte 8, which is no multiple of 16");
    check_error_with_memory(
        +[](Global<float>, Global<const bf16> halves) {
            SharedArena arena;
            cp_async(arena.take<bf16>("rows", 256) + 12, halves, true);  // a copy askew
        },
        at("a copy askew") + ": thread 0 touches 16 bytes of rows at byte 24, which is no multiple of 16");
}

// --- launches

TEST_CASE("emulator: a block takes no more shared memory than its launch has asked for", "[cuda]") {
    check_error(
        +[] {
            SharedArena arena;
            arena.take<float>("small", 5);
            arena.take<float>("large", 252);  // takes too much
        },
        one_warp,
        at("takes too much") + ": large ends at byte 1040 of shared memory, and the launch asked for 1024");
    check_error(
        +[] {
            SharedArena arena;
            for (int i = 0; i < 33; ++i) arena.take<bf16>("piece", 1);  // takes too many
        },
        one_warp, at("takes too many") + ": more than 32 pieces of shared memory");
}

TEST_CASE("emulator: all threads take the same pieces of shared memory", "[cuda]") {
    check_error_in_turn(
        +[] {
            SharedArena arena;
            arena.take<float>("s", 8 + threadIdx.x / 17);  // takes more
        },
        one_warp,
        at("takes more") +
            ": one thread takes s (32 bytes), another s (36 bytes); all must take "
            "the same");
    check_error_in_turn(
        +[] {
            SharedArena arena;
            arena.take<float>(threadIdx.x < 9 ? "a" : "b", 8);  // takes another
        },
        one_warp,
        at("takes another") +
            ": one thread takes a (32 bytes), another b (32 bytes); all must take "
            "the same");
    check_error_has(
        +[] {
            SharedArena arena;
            if (threadIdx.x != 20) arena.take<float>("a", 8);
            arena.take<float>("b", 8);
        },
        one_warp, {"all must take the same"});
}

TEST_CASE("emulator: a launch that no GPU accepts is refused by name", "[cuda]") {
    const auto refusal = [](const Grid& grid) {
        return error_of(
            +[] {}, grid);
    };
    for (const int threads : {0, -32, 16, 33, 100, 1056}) {
        CHECK(refusal(Grid{1, 1, 1, threads}) ==
              "kernel: " + std::to_string(threads) + " threads; a block has whole warps of 32, at most 1024");
    }
    CHECK(refusal(Grid{1, 1, 1, 32, 232449}) == "kernel: 232449 bytes of shared memory; a block has 232448");
    CHECK(refusal(Grid{0, 2, 3}) == "kernel: a grid of 0 x 2 x 3 blocks");
    CHECK(refusal(Grid{1, 0, 3}) == "kernel: a grid of 1 x 0 x 3 blocks");
    CHECK(refusal(Grid{1, 1, -1}) == "kernel: a grid of 1 x 1 x -1 blocks");
    CHECK(refusal(Grid{1, 65536, 1}) == "kernel: a grid of 1 x 65536 x 1 blocks");
    CHECK(refusal(Grid{1, 1, 65536}) == "kernel: a grid of 1 x 1 x 65536 blocks");
    CHECK(refusal(Grid{1, 1, 1, 1024, 232448}) == "");
}

TEST_CASE("emulator: an error names the block, and no later block runs", "[cuda]") {
    static int blocks;
    blocks = 0;
    const std::string error = error_of(
        +[] {
            if (threadIdx.x == 0) ++blocks;
            if (blockIdx.x == 1 && blockIdx.y == 2) read(take_floats(), 0);
        },
        Grid{3, 4, 2, 32, 1024});
    CHECK(error.starts_with("kernel, block (1, 2, 0): emulator_errors_test.cpp:"));
    CHECK(blocks == 8);
}

// --- right code that looks like these

TEST_CASE("emulator lets pass: a thread that writes, reads and writes what only it touches", "[cuda]") {
    check_fine(
        +[] {
            const Shared<float> s = take_floats();
            for (int i = 0; i < 3; ++i) {
                s[threadIdx.x] = 1;
                s[threadIdx.x] += 2;
                read(s, threadIdx.x);
            }
        },
        two_warps);
}

TEST_CASE("emulator lets pass: warps that talk by __syncwarp alone, each in its own part", "[cuda]") {
    check_fine(
        +[] {
            const Shared<float> s = take_floats();
            // Four turns, and warp 1 takes twice as many.
            for (int i = 0; i < 4 + threadIdx.x / 32 * 4; ++i) {
                s[threadIdx.x ^ (i % 4)] = 1;
                __syncwarp();
                read(s, threadIdx.x ^ 21);
                read(s, threadIdx.x / 32 * 32);
                __syncwarp();
            }
        },
        two_warps);
}

TEST_CASE("emulator lets pass: many readers of two warps, a __syncthreads, then a writer", "[cuda]") {
    check_fine(
        +[] {
            const Shared<float> s = take_floats();
            for (int writer = 0; writer < 64; writer += 9) {
                if (threadIdx.x == writer) s[7] = 1;
                __syncthreads();
                read(s, 7);
                if (threadIdx.x < 32) read(s, 7);
                __syncwarp();
                read(s, 7);
                __syncthreads();
            }
        },
        two_warps);
}

TEST_CASE("emulator lets pass: readers of one warp, a __syncwarp, then a writer of that warp", "[cuda]") {
    check_fine(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x == 0) s[7] = 1;
            __syncthreads();
            if (threadIdx.x >= 32) read(s, 7);
            __syncwarp();
            if (threadIdx.x == 50) read(s, 7);  // one more since
            if (threadIdx.x == 50) s[7] = 2;
        },
        two_warps);
}

TEST_CASE("emulator lets pass: neighbours in memory that belong to different warps", "[cuda]") {
    check_fine(
        +[] {
            SharedArena arena;
            const Shared<bf16> s = arena.take<bf16>("s", 64);
            // Lanes of both warps alternate: two bf16 of one word are two places.
            const int mine = threadIdx.x % 32 * 2 + threadIdx.x / 32;
            s[mine] = bf16{1};
            static_cast<void>(static_cast<bf16>(s[mine]));
        },
        two_warps);
}

TEST_CASE("emulator lets pass: a ring that copies fill while a warp reads", "[cuda]") {
    check_fine_with_memory(+[](Global<float>, Global<const bf16> halves) {
        constexpr int stages = 2;
        SharedArena arena;
        const Shared<bf16> ring = arena.take<bf16>("ring", stages * 32 * 8);
        const auto load = [&](int turn) {
            if (turn < 7)
                cp_async(ring + (turn % stages * 32 + threadIdx.x) * 8, halves + 8 * (turn % 8),
                         turn + threadIdx.x != 9);
            cp_async_commit();
        };
        load(0);
        for (int turn = 0; turn < 7; ++turn) {
            load(turn + 1);
            cp_async_wait<stages - 1>();
            __syncwarp();
            std::uint32_t r[4];
            ldmatrix_x4(r, ring + (turn % stages * 32 + (threadIdx.x * 3) % 32) * 8);
            __syncwarp();
        }
    });
}

TEST_CASE("emulator lets pass: shared memory that is used anew behind a __syncthreads", "[cuda]") {
    check_fine(
        +[] {
            SharedArena arena;
            const Shared<float> before = arena.take<float>("before", 64);
            before[threadIdx.x] = 1;
            __syncthreads();
            read(before, 63 - threadIdx.x);
            __syncthreads();
            arena.start_over();
            const Shared<bf16> after = arena.take<bf16>("after", 128);
            after[127 - threadIdx.x] = bf16{1};
            __syncthreads();
            static_cast<void>(static_cast<bf16>(after[64 + threadIdx.x]));
        },
        two_warps);
}

TEST_CASE("emulator lets pass: lanes of a warp that take different ways between their meetings", "[cuda]") {
    check_fine(
        +[] {
            const Shared<float> s = take_floats();
            if (threadIdx.x % 2 == 0) s[threadIdx.x] = 1;
            __syncwarp();
            if (threadIdx.x % 2 == 1) read(s, threadIdx.x - 1);
            // Warps that meet at different places are none of each other's business.
            if (threadIdx.x < 32) {
                static_cast<void>(shuffle_xor(0, 1));
            } else {
                __syncwarp();
            }
            __syncthreads();
        },
        two_warps);
}
