// Chapter 6's ladder, run by the emulator.
#include <fmt/format.h>

#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/rope_cases.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

using ch6::RopeRung;

std::string refusal(RopeRung rung, const ch6::RopeInput& input) {
    try {
        ch6::rope_append(Device::emulated, rung, input, EmulatorOptions{});
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("rope_append: every rung as in double, and nothing else in the cache is touched", "[cuda]") {
    const ch6::RopeShape shape =
        GENERATE(ch6::RopeShape{2, 6, 2, 4, 3, 2, 7}, ch6::RopeShape{3, 3, 1, 16, 1, 4, 5},
                 ch6::RopeShape{1, 4, 4, 40, 5, 0, 5}, ch6::RopeShape{2, 32, 8, 128, 2, 3, 9},
                 ch6::RopeShape{1, 2, 1, 256, 2, 1, 3}, ch6::RopeShape{2, 130, 2, 2, 2, 0, 4});
    const ch6::RopeInput input = rope_of(shape);
    const ExpectedOfRope expected = appended_in_double(input);
    for (const RopeRung rung : ch6::rope_rungs) {
        CAPTURE(to_string(rung), shape.head_dim);
        if (!why_not(rung, shape).empty()) continue;
        const double close = rung == RopeRung::fused_wide ? 3e-3 : 1e-6;
        for (const Order order : every_order) {
            const ch6::RopeRun run = ch6::rope_append(Device::emulated, rung, input, in_order(order));
            CHECK(relative_error(run.xq_rotated, expected.xq_rotated) < close);
            CHECK(relative_error(run.cache_k, expected.cache_k) < close);
            CHECK(std::equal(run.cache_v.begin(), run.cache_v.end(), expected.cache_v.begin(),
                             [](float a, double b) { return static_cast<double>(a) == b; }));
        }
    }
}

TEST_CASE("rope_append: as the chapter's own rotate, to the last bit", "[cuda]") {
    const ch6::RopeInput input = rope_of({2, 6, 2, 8, 3, 2, 7});
    const ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(8, 100.0f), 5);
    Tensor4 xq = Tensor4::from_shape({2, 3, 6, 8});
    std::copy(input.xq.begin(), input.xq.end(), xq.begin());
    const Tensor4 rotated = ch6::rotate_by_2x2(xq, table, 2);
    for (const RopeRung rung : {RopeRung::separate, RopeRung::fused}) {
        const std::vector<float> device =
            ch6::rope_append(Device::emulated, rung, input, EmulatorOptions{}).xq_rotated;
        CHECK(same_bits(device, {rotated.begin(), rotated.end()}));
    }
}

TEST_CASE("rope_append: fused goes to memory once for each number, separate several times", "[cuda]") {
    const ch6::RopeInput input = rope_of({1, 8, 2, 64, 4, 0, 4});
    const auto report = [&](RopeRung rung) {
        return ch6::rope_append(Device::emulated, rung, input, EmulatorOptions{}).report;
    };
    const RunReport separate = report(RopeRung::separate), fused = report(RopeRung::fused);
    CHECK(separate.launches.size() == 4);
    CHECK(fused.launches.size() == 1);
    // Keys: read to be turned, written, read to be copied; fused they are read once.
    const std::int64_t keys = 4 * 2 * 64 * 4;
    CHECK(memory_of(separate, "xk").bytes_read == 2 * keys);
    CHECK(memory_of(separate, "xk").bytes_written == keys);
    CHECK(memory_of(fused, "xk").bytes_read == keys);
    CHECK(memory_of(fused, "xk").bytes_written == 0);
    CHECK(memory_of(fused, "cache_k").bytes_written == keys);
    // Every warp asks for whole sectors and for nothing else.
    const KernelCounts& counts = fused.launches.front().counts;
    CHECK(counts.global_reads.cost == counts.global_reads.needed);
    CHECK(counts.global_writes.cost == counts.global_writes.needed);
    // The angles are read once for all the heads that a thread has: 4 at a time here, of 8 and of 2.
    CHECK(memory_of(fused, "table").bytes_read == 4 * (4 * 64 * 4));
}

TEST_CASE("rope_append: threads that would be over do nothing twice", "[cuda]") {
    // Heads of 40 take 20 threads each: of 128, six heads at once and 8 threads over.
    const ch6::RopeInput input = rope_of({1, 7, 2, 40, 1, 0, 1});
    const RunReport report =
        ch6::rope_append(Device::emulated, RopeRung::fused, input, EmulatorOptions{}).report;
    for (const MemoryReport& piece : report.memory) {
        CAPTURE(piece.name);
        if (piece.name == "xq") CHECK(piece.bytes_read == 7 * 40 * 4);
        if (piece.name == "turned_q") CHECK(piece.bytes_written == 7 * 40 * 4);
    }
}

TEST_CASE("rope_append: what does not fit is refused by name", "[cuda]") {
    const auto refused = [&](RopeRung rung, const auto& change) {
        ch6::RopeInput input = rope_of({2, 6, 2, 4, 3, 2, 7});
        change(input);
        return refusal(rung, input);
    };
    CHECK(refused(RopeRung::fused, [](auto&) {}) == "");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.xq.pop_back(); }) ==
          "xq has 143 numbers, and its shape is (2, 3, 6, 4)");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.xk.pop_back(); }) ==
          "xk has 47 numbers, and its shape is (2, 3, 2, 4)");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.xv.pop_back(); }) ==
          "xv has 47 numbers, and its shape is (2, 3, 2, 4)");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.cache_k.pop_back(); }) ==
          "cache_k has 111 numbers, and its shape is (2, 7, 2, 4)");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.cache_v.pop_back(); }) ==
          "cache_v has 111 numbers, and its shape is (2, 7, 2, 4)");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.table.pop_back(); }) ==
          "rope_append: the table of rotations is too short");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.shape.start_pos = 5; }) ==
          "rope_append: the cache is too short");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.shape.start_pos = -1; }) ==
          "rope_append: start_pos is negative");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.shape.head_dim = 3; }) ==
          "rope_append: head_dim 3 is odd");
    CHECK(refused(RopeRung::fused, [](auto& input) { input.shape.n_heads = 0; }) ==
          "rope_append: n_heads is 0, and must be at least 1");
    CHECK(
        refusal(RopeRung::fused_wide, rope_of({1, 1, 1, 4, 1, 0, 1})) ==
        "rope_append: 16 bytes for each thread need a head_dim that is a multiple of 8 up to 1024, not 4; use another rung");
    CHECK(
        refusal(RopeRung::fused_wide, rope_of({1, 1, 1, 1032, 1, 0, 1})) ==
        "rope_append: 16 bytes for each thread need a head_dim that is a multiple of 8 up to 1024, not 1032; use another rung");
    CHECK(refusal(RopeRung::fused_wide, rope_of({1, 1, 1, 1024, 1, 0, 1})) == "");
    CHECK(refusal(RopeRung::fused, rope_of({1, 1, 1, 258, 1, 0, 1})) ==
          "rope_append: head_dim 258 is over 256 (2 numbers for each thread); use the rung separate");
    CHECK(refusal(RopeRung::separate, rope_of({1, 1, 1, 258, 1, 0, 1})) == "");
}
