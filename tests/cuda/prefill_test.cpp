// Chapter 5's tiled prefill, run by the emulator.
#include <fmt/format.h>

#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/prefill_cases.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

std::vector<float> emulate(const ch5::PrefillInput& input, Order order = Order::round_robin) {
    return ch5::prefill(Device::emulated, input, in_order(order)).context;
}

constexpr double close_for_bf16 = 3e-3;  // both the weights and the result are rounded to 8 bits

void check_sizes(const PrefillSizes& sizes) {
    CAPTURE(to_string(sizes));
    const ch5::PrefillInput input = prefill_of(sizes);
    const std::vector<float> context = emulate(input);
    CHECK(relative_error(context, prefilled_in_double(input)) < close_for_bf16);
    CHECK(same_bits(emulate(input, Order::reverse), context));
    CHECK(same_bits(emulate(input, Order::random), context));
}

std::string refusal(const ch5::PrefillInput& input) {
    try {
        emulate(input);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("prefill: as in double, the same bits in every order", "[cuda]") {
    const PrefillSizes sizes =
        GENERATE(PrefillSizes{3, 6, 2, 5, 3, 7, 0}, PrefillSizes{2, 4, 2, 16, 16, 65, 0},
                 PrefillSizes{1, 3, 1, 16, 16, 3, 64}, PrefillSizes{2, 2, 2, 40, 64, 1, 63},
                 PrefillSizes{1, 2, 1, 64, 64, 66, 5}, PrefillSizes{1, 2, 2, 128, 100, 5, 60},
                 PrefillSizes{1, 2, 2, 192, 128, 17, 1});
    check_sizes(sizes);
}

TEST_CASE("prefill: more than two tiles of queries and keys", "[cuda]") {
    check_sizes({1, 2, 1, 16, 16, 150, 0});
    check_sizes({1, 2, 1, 16, 16, 130, 70});
}

TEST_CASE("prefill: in chunks of the mask, as in double with chapter 8's mask, in every order", "[cuda]") {
    const PrefillSizes sizes = GENERATE(
        PrefillSizes{3, 6, 2, 5, 3, 7, 3, 4},        // borders inside a tile, in the middle of a chunk
        PrefillSizes{2, 4, 2, 16, 16, 70, 0, 30},    // several borders in a tile of queries
        PrefillSizes{1, 2, 1, 16, 16, 150, 0, 64},   // at the tiles
        PrefillSizes{1, 1, 1, 16, 16, 200, 0, 130},  // rows that see nothing of their first two tiles
        PrefillSizes{2, 3, 1, 16, 16, 40, 70, 50},   // NaN before the first query's chunk
        PrefillSizes{1, 2, 1, 16, 16, 10, 64, 64},   // from a border on
        PrefillSizes{1, 2, 1, 16, 16, 1, 63, 64},    // the last token of a chunk
        PrefillSizes{2, 2, 1, 64, 64, 67, 5, 1},     // every token sees itself alone
        PrefillSizes{1, 2, 1, 64, 64, 66, 5, 1000},  // longer than the text
        PrefillSizes{1, 2, 2, 192, 128, 17, 40, 32});
    check_sizes(sizes);
}

TEST_CASE("prefill: a chunk as long as the text changes no bit", "[cuda]") {
    ch5::PrefillInput input = prefill_of({1, 4, 2, 16, 16, 70, 3});
    const std::vector<float> without = emulate(input);
    for (const int chunk : {73, 2147483647}) {
        input.shape.chunk = chunk;
        CHECK(same_bits(emulate(input), without));
    }
}

TEST_CASE("prefill: no token sees what comes before its chunk", "[cuda]") {
    const ch5::PrefillInput input = prefill_of({1, 4, 2, 16, 16, 70, 3, 30});
    const std::vector<float> before = emulate(input);
    // Another key and value for token 59, the last of its chunk: only its own query notices.
    ch5::PrefillInput changed = input;
    const auto first = static_cast<std::size_t>(input.shape.key_row(0, 59, 0, 16));
    for (std::size_t i = 0; i < 2 * 16; ++i) {
        changed.keys[first + i] += 1;
        changed.values[first + i] = -7;
    }
    const std::vector<float> after = emulate(changed);
    const auto part = [&](const std::vector<float>& context, int from, int to) {
        return std::vector<float>(context.begin() + input.shape.query_row(0, from - 3, 0, 16),
                                  context.begin() + input.shape.query_row(0, to - 3, 0, 16));
    };
    CHECK(same_bits(part(before, 3, 59), part(after, 3, 59)));
    CHECK_FALSE(same_bits(part(before, 59, 60), part(after, 59, 60)));
    CHECK(same_bits(part(before, 60, 73), part(after, 60, 73)));
}

TEST_CASE("prefill: in chunks it is the same, to the last bit of bf16 where tiles begin alike", "[cuda]") {
    // 64 tokens at once and 30 more; then all 94.
    const ch5::PrefillInput all = prefill_of({1, 2, 1, 16, 16, 94, 0});
    ch5::PrefillInput chunk = all;
    chunk.shape.new_tokens = 30;
    chunk.shape.start_pos = 64;
    chunk.queries.erase(chunk.queries.begin(), chunk.queries.begin() + 64 * 2 * 16);
    const std::vector<float> whole = emulate(all), rest = emulate(chunk);
    CHECK(same_bits(rest, std::vector<float>(whole.begin() + 64 * 2 * 16, whole.end())));
}

TEST_CASE("prefill: no token sees what comes after it", "[cuda]") {
    const ch5::PrefillInput input = prefill_of({1, 4, 2, 16, 16, 70, 3});
    const std::vector<float> before = emulate(input);
    // Another key and value for token 50: the queries at positions 3 to 49 must not notice.
    ch5::PrefillInput changed = input;
    const auto first = static_cast<std::size_t>(input.shape.key_row(0, 50, 0, 16));
    for (std::size_t i = 0; i < 2 * 16; ++i) {
        changed.keys[first + i] += 1;
        changed.values[first + i] = -7;
    }
    const std::vector<float> after = emulate(changed);
    const long unchanged = input.shape.query_row(0, 47, 0, 16);
    CHECK(
        same_bits({before.begin(), before.begin() + unchanged}, {after.begin(), after.begin() + unchanged}));
    CHECK_FALSE(
        same_bits({before.begin() + unchanged, before.end()}, {after.begin() + unchanged, after.end()}));
}

TEST_CASE("prefill: tiles in the future are never touched", "[cuda]") {
    // 130 queries in three tiles, against one, two and three tiles of keys.
    const ch5::PrefillRun run =
        ch5::prefill(Device::emulated, prefill_of({1, 1, 1, 16, 16, 130, 0}), EmulatorOptions{});
    const KernelCounts& counts = run.report.launches.front().counts;
    const std::int64_t tiles = 1 + 2 + 3, warps = 4;
    // Of a tile: 8 products for scores, 8 for the mix, each by one step of 16 columns or tokens.
    CHECK(counts.mma == tiles * warps * (8 + 8));
    CHECK(counts.block_barriers == tiles);
    CHECK(counts.bank_conflicts() == 0);
}

TEST_CASE("prefill: tiles before the first key are never touched", "[cuda]") {
    const auto run = [](const PrefillSizes& sizes) {
        return ch5::prefill(Device::emulated, prefill_of(sizes), EmulatorOptions{}).report;
    };
    // 192 queries in three tiles. Chunks of 64: one tile of keys each. Chunks of 100: queries 64 to 127 still
    // need keys 0 to 127, and queries 128 to 191 need keys 100 to 191.
    const auto tiles_of = [&](int chunk) {
        return run({1, 1, 1, 16, 16, 192, 0, chunk}).launches.front().counts.block_barriers;
    };
    CHECK(tiles_of(0) == 1 + 2 + 3);
    CHECK(tiles_of(64) == 1 + 1 + 1);
    CHECK(tiles_of(100) == 1 + 2 + 2);
    CHECK(tiles_of(1) == 1 + 1 + 1);

    // Of 100 tokens in the cache: from the first key of the first new token on, each once.
    for (const int chunk : {0, 1, 30, 64, 71}) {
        CAPTURE(chunk);
        const RunReport report = run({2, 1, 1, 16, 16, 30, 70, chunk});
        const int first = chunk == 0 ? 0 : 70 / chunk * chunk;
        for (const char* name : {"keys", "values"}) {
            CHECK(memory_of(report, name).different_bytes_read == 2 * (100 - first) * 16 * 2);
            CHECK(memory_of(report, name).bytes_read == 2 * (100 - first) * 16 * 2);
        }
    }
}

TEST_CASE("prefill: the counts in the lesson's section about the first key", "[cuda]") {
    const auto counts = [](int chunk) {
        return ch5::prefill(Device::emulated, prefill_of({1, 1, 1, 64, 64, 512, 0, chunk}), EmulatorOptions{})
            .report.launches.front()
            .counts;
    };
    CHECK(counts(0).mma == 9216);
    CHECK(counts(0).sectors() == 24576);
    CHECK(counts(128).mma == 3072);
    CHECK(counts(128).sectors() == 12288);
}

TEST_CASE("prefill: what does not fit is refused by name", "[cuda]") {
    const PrefillSizes sizes{2, 6, 2, 5, 3, 7, 1};
    const auto refused = [&](const auto& change) {
        ch5::PrefillInput input = prefill_of(sizes);
        change(input);
        return refusal(input);
    };
    CHECK(refused([](auto&) {}) == "");
    CHECK(refused([](auto& input) { input.queries.pop_back(); }) ==
          "queries has 419 numbers, and its shape is (2, 7, 6, 5)");
    CHECK(refused([](auto& input) { input.keys.pop_back(); }) ==
          "keys has 159 numbers, and its shape is (2, 8, 2, 5)");
    CHECK(refused([](auto& input) { input.values.pop_back(); }) ==
          "values has 95 numbers, and its shape is (2, 8, 2, 3)");
    CHECK(refused([](auto& input) { input.shape.n_kv_heads = 4; }) ==
          "prefill: n_kv_heads does not divide n_heads");
    CHECK(refused([](auto& input) { input.shape.start_pos = -1; }) == "prefill: start_pos is negative");
    CHECK(refused([](auto& input) { input.shape.chunk = -1; }) == "prefill: chunk is negative");
    CHECK(refused([](auto& input) { input.shape.new_tokens = 0; }) ==
          "prefill: new_tokens is 0, and must be at least 1");
    CHECK(refused([](auto& input) { input.shape.qk_head_dim = 0; }) ==
          "prefill: qk_head_dim is 0, and must be at least 1");
    CHECK(refusal(prefill_of({1, 1, 1, 193, 16, 1, 0})) ==
          "flash_prefill: heads of 193 and 16 are over 192 for keys or 128 for values; leave out --device");
    CHECK(refusal(prefill_of({1, 1, 1, 16, 129, 1, 0})) ==
          "flash_prefill: heads of 16 and 129 are over 192 for keys or 128 for values; leave out --device");
}
