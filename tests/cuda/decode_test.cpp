// Chapter 5's ladder, run by the emulator.
#include <fmt/format.h>

#include "chapters/05_grouped_query_attention/cuda/launch_decode.cuh"
#include "chapters/08_llama_4/chunked_mask.hpp"
#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

using ch5::DecodeRung;

ch5::DecodeRun emulate(DecodeRung rung, const ch5::DecodeInput& input, Order order = Order::round_robin) {
    return ch5::decode(Device::emulated, rung, input, in_order(order));
}

// Floats differ from double by rounding; weights that are rounded to bf16 by half a unit of its 8 bits.
constexpr double close_for_floats = 1e-6, close_for_bf16 = 3e-3;

void check_rung(DecodeRung rung, const ch5::DecodeInput& input, double close) {
    const std::vector<double> expected =
        decoded_in_double(rung == DecodeRung::tensor_cores ? rounded(input) : input);
    const std::vector<float> context = emulate(rung, input).context;
    CHECK(relative_error(context, expected) < close);
    CHECK(same_bits(emulate(rung, input, Order::reverse).context, context));
    CHECK(same_bits(emulate(rung, input, Order::random).context, context));
}
void check_rung(DecodeRung rung, const std::vector<DecodingSizes>& all_sizes) {
    for (const DecodingSizes& sizes : all_sizes) {
        CAPTURE(to_string(sizes));
        check_rung(rung, decoding_step(sizes),
                   rung == DecodeRung::tensor_cores ? close_for_bf16 : close_for_floats);
    }
}

// Groups of 1, 2, 3 and 16; one token, a tile of 16, one more and one less, several tiles and several splits.
const std::vector<DecodingSizes> narrow_heads = {{3, 2, 2, 5, 1, 1},      {3, 6, 2, 5, 15, 20},
                                                 {2, 6, 2, 16, 16, 16},   {2, 32, 2, 16, 17, 40},
                                                 {1, 6, 2, 16, 150, 160}, {3, 6, 3, 7, 65, 66}};
const std::vector<DecodingSizes> wide_heads = {{2, 6, 2, 40, 63, 64},  {2, 32, 2, 64, 17, 18},
                                               {1, 6, 2, 64, 65, 70},  {2, 2, 2, 128, 1, 3},
                                               {3, 3, 3, 128, 17, 17}, {1, 6, 2, 128, 150, 151}};
// The same in fewer sizes, for rungs whose lanes meet five times for every token: that takes the emulator
// long.
const std::vector<DecodingSizes> few_tokens = {{3, 2, 2, 5, 1, 1},     {2, 6, 2, 40, 15, 20},
                                               {1, 16, 1, 64, 17, 18}, {1, 3, 1, 16, 63, 63},
                                               {1, 2, 2, 128, 65, 66}, {1, 2, 2, 7, 150, 151}};

}  // namespace

// --- numbers

TEST_CASE("decode, naive: narrow heads as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::naive, narrow_heads);
}
TEST_CASE("decode, naive: wide heads as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::naive, wide_heads);
}
TEST_CASE("decode, online softmax: as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::online_softmax, few_tokens);
}
TEST_CASE("decode, split KV: as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::split_kv, few_tokens);
}
TEST_CASE("decode, tensor cores: narrow heads as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::tensor_cores, narrow_heads);
}
TEST_CASE("decode, tensor cores: wide heads as in double, the same bits in every order", "[cuda]") {
    check_rung(DecodeRung::tensor_cores, wide_heads);
}

// One token at `position`, in the last of its chunks: first_key as chapter 8 places it, and NaN before it.
DecodingSizes in_chunk(int batch, int n_heads, int n_kv_heads, int head_dim, int position, int chunk) {
    const int first_key = position / chunk * chunk;
    return {batch, n_heads, n_kv_heads, head_dim, position + 1 - first_key, position + 4, first_key};
}

TEST_CASE("decode: first_key is the first that chapter 8's mask shows", "[cuda]") {
    for (const int chunk : {1, 2, 5, 64, 1000}) {
        for (const int position : {0, 1, 4, 5, 63, 64, 65, 130}) {
            CAPTURE(chunk, position);
            const DecodingSizes sizes = in_chunk(1, 2, 2, 5, position, chunk);
            const ch3::MaskMatrix mask = ch8::chunked_mask(1, position, chunk);
            for (int j = 0; j <= position; ++j) CHECK(mask(0, j) == (j < sizes.first_key));
        }
    }
}

TEST_CASE("decode: in a chunk every rung as in double, and NaN before its first key reaches nothing",
          "[cuda]") {
    // At the end, at the beginning and in the middle of a chunk; alone; in a chunk that is longer than the
    // text.
    for (const auto& [position, chunk] :
         std::vector<std::pair<int, int>>{{63, 64}, {64, 64}, {70, 50}, {9, 1}, {20, 1000}, {100, 30}}) {
        const DecodingSizes narrow = in_chunk(2, 6, 2, 5, position, chunk),
                            wide = in_chunk(2, 3, 1, 64, position, chunk);
        for (const DecodeRung rung : ch5::decode_rungs) {
            CAPTURE(to_string(rung));
            check_rung(rung, {narrow, wide});
        }
    }
    check_rung(DecodeRung::tensor_cores, {in_chunk(1, 6, 2, 128, 2 * 150 - 1, 150)});  // several splits
    check_rung(DecodeRung::split_kv, {in_chunk(1, 2, 2, 16, 2 * 150 - 1, 150)});
}

TEST_CASE("decode: heads wider than a rung holds are for the rungs before it", "[cuda]") {
    check_rung(DecodeRung::naive, {{2, 2, 1, 257, 3, 4}});
    check_rung(DecodeRung::online_softmax, {{2, 2, 1, 256, 3, 4}, {1, 3, 1, 129, 2, 2}});
    check_rung(DecodeRung::split_kv, {{2, 2, 1, 256, 3, 4}});
    check_rung(DecodeRung::split_kv, {{1, 17, 1, 8, 5, 5}});  // and a group wider than a tile
}

TEST_CASE("decode: a softmax that is one-hot picks the value of its token", "[cuda]") {
    const DecodingSizes sizes{2, 6, 2, 16, 70, 75};
    ch5::DecodeInput input = decoding_step(sizes);
    const ch5::DecodeShape& s = input.shape;
    // A key that is 40 times the query of the first head of its group, at another token for each.
    const auto picked = [&](int b, int kv_head) { return 69 - 37 * b - 16 * kv_head; };
    std::vector<double> expected;
    for (int b = 0; b < s.batch; ++b) {
        for (int h = 0; h < s.n_heads; ++h) {
            const auto first = static_cast<std::size_t>(s.query_row(b, h / 3 * 3)),
                       query = static_cast<std::size_t>(s.query_row(b, h)),
                       row = static_cast<std::size_t>(s.row(b, picked(b, h / 3), h / 3));
            for (std::size_t i = 0; i < 16; ++i) {
                input.queries[query + i] = input.queries[first + i];
                input.keys[row + i] = 40 * input.queries[first + i];
                expected.push_back(static_cast<double>(input.values[row + i]));
            }
        }
    }
    for (const DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        CHECK(relative_error(emulate(rung, input).context, expected) <
              (rung == DecodeRung::tensor_cores ? close_for_bf16 : close_for_floats));
    }
}

TEST_CASE("decode: scores far below zero are weighed relative to the largest", "[cuda]") {
    // -200 and less in powers of e: exp of them is 0. Their own rounding is what the error consists of.
    ch5::DecodeInput input = decoding_step({1, 4, 2, 16, 35, 40});
    for (float& number : input.queries) number = 2 + 0.1f * number;
    for (float& number : input.keys) number = -30 + 0.5f * number;
    input.shape.softmax_scale = 0.3f;
    for (const DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        check_rung(rung, input, rung == DecodeRung::tensor_cores ? close_for_bf16 : 1e-4);
    }
}

TEST_CASE("decode: all scores alike give the mean of the values", "[cuda]") {
    ch5::DecodeInput input = decoding_step({2, 4, 2, 16, 19, 19});
    std::fill(input.queries.begin(), input.queries.end(), 0.0f);
    for (const DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        check_rung(rung, input, rung == DecodeRung::tensor_cores ? close_for_bf16 : close_for_floats);
    }
}

TEST_CASE("decode: every token is in one split, and no split is empty", "[cuda]") {
    for (const int tokens : {1, 63, 64, 65, 150, 1000, 4096, 4097, 100000}) {
        for (const int blocks : {1, 2, 7, 8, 9, 300}) {
            for (const int multiprocessors : {1, 4, 132}) {
                CAPTURE(tokens, blocks, multiprocessors);
                const Splits splits = choose_splits(tokens, blocks, multiprocessors, 64);
                CHECK(splits.tokens % 64 == 0);
                CHECK(splits.count * splits.tokens >= tokens);
                CHECK((splits.count - 1) * splits.tokens < tokens);
            }
        }
    }
    // Two blocks for each of 4 multiprocessors; as many as there are tokens for; one each.
    CHECK(choose_splits(4096, 2, 4, 64).count == 4);
    CHECK(choose_splits(150, 1, 4, 64).count == 3);
    CHECK(choose_splits(4096, 8, 4, 64).count == 1);
}

// --- refusals

namespace {

std::string refusal(DecodeRung rung, const ch5::DecodeInput& input) {
    try {
        emulate(rung, input);
    } catch (const DeviceError& error) {
        return std::string("DeviceError: ") + error.what();
    } catch (const std::invalid_argument& error) {
        return std::string("invalid_argument: ") + error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("decode: a rung says what it does not support, and which one does", "[cuda]") {
    CHECK(
        refusal(DecodeRung::tensor_cores, decoding_step({1, 34, 2, 16, 3, 3})) ==
        "DeviceError: decode_tensor_cores: 17 query heads share a key head, and an mma tile has 16 rows; use "
        "the rung split KV");
    CHECK(refusal(DecodeRung::tensor_cores, decoding_step({1, 2, 2, 129, 3, 3})) ==
          "DeviceError: decode_tensor_cores: head_dim 129 is over 128; use the rung split KV");
    for (const DecodeRung rung : {DecodeRung::online_softmax, DecodeRung::split_kv}) {
        CHECK(refusal(rung, decoding_step({1, 2, 2, 257, 3, 3})) ==
              "DeviceError: decode: head_dim 257 is over 256 (8 columns for each lane); use the rung naive");
    }
}

TEST_CASE("decode: sizes that do not fit together are refused by name, by every rung", "[cuda]") {
    const DecodingSizes sizes{2, 6, 2, 5, 3, 4};
    for (const DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        const auto refused = [&](const auto& change) {
            ch5::DecodeInput input = decoding_step(sizes);
            change(input);
            return refusal(rung, input);
        };
        CHECK(refused([](auto&) {}) == "");
        CHECK(refused([](auto& input) { input.queries.pop_back(); }) ==
              "invalid_argument: queries has 59 numbers, and its shape is (2, 6, 5)");
        CHECK(refused([](auto& input) { input.keys.push_back(0); }) ==
              "invalid_argument: keys has 81 numbers, and its shape is (2, 4, 2, 5)");
        CHECK(refused([](auto& input) { input.values.clear(); }) ==
              "invalid_argument: values has 0 numbers, and its shape is (2, 4, 2, 5)");
        CHECK(refused([](auto& input) { input.shape.n_kv_heads = 4; }) ==
              "invalid_argument: decode: n_kv_heads does not divide n_heads");
        CHECK(refused([](auto& input) { input.shape.tokens = 5; }) ==
              "invalid_argument: decode: first_key + tokens is more than max_tokens");
        CHECK(refused([](auto& input) { input.shape.max_tokens = 0; }) ==
              "invalid_argument: decode: first_key + tokens is more than max_tokens");
        CHECK(refused([](auto& input) { input.shape.first_key = 1; }) == "");
        CHECK(refused([](auto& input) { input.shape.first_key = 2; }) ==
              "invalid_argument: decode: first_key + tokens is more than max_tokens");
        CHECK(refused([](auto& input) { input.shape.first_key = 2147483647; }) ==
              "invalid_argument: decode: first_key + tokens is more than max_tokens");
        CHECK(refused([](auto& input) { input.shape.first_key = -1; }) ==
              "invalid_argument: decode: first_key is negative");

        const auto too_small = [](const char* name, int size) {
            return fmt::format("invalid_argument: decode: {} is {}, and must be at least 1", name, size);
        };
        CHECK(refused([](auto& input) { input.shape.batch = 0; }) == too_small("batch", 0));
        CHECK(refused([](auto& input) { input.shape.n_heads = 0; }) == too_small("n_heads", 0));
        CHECK(refused([](auto& input) { input.shape.n_kv_heads = 0; }) == too_small("n_kv_heads", 0));
        CHECK(refused([](auto& input) { input.shape.head_dim = -5; }) == too_small("head_dim", -5));
        CHECK(refused([](auto& input) { input.shape.tokens = 0; }) == too_small("tokens", 0));
    }
}

// --- what the lesson says about costs

TEST_CASE("decode: rungs 1 to 3 read each key and value once for every head of its group, rung 4 once",
          "[cuda]") {
    for (const DecodingSizes& sizes :
         {DecodingSizes{2, 6, 2, 16, 20, 30}, DecodingSizes{1, 16, 1, 64, 17, 17},
          DecodingSizes{2, 2, 2, 5, 9, 9}, DecodingSizes{2, 6, 2, 16, 20, 90, 64}}) {
        for (const DecodeRung rung : ch5::decode_rungs) {
            CAPTURE(to_string(sizes), to_string(rung));
            const bool has_bf16 = rung == DecodeRung::tensor_cores;
            const RunReport report = emulate(rung, decoding_step(sizes)).report;
            // What is used of the cache; heads of 5 columns are padded to 16 for tensor cores.
            const int width = has_bf16 && sizes.head_dim < 16 ? 16 : sizes.head_dim;
            const auto used = static_cast<std::int64_t>(
                count({sizes.batch, sizes.tokens, sizes.n_kv_heads, width, has_bf16 ? 2 : 4}));
            const std::int64_t times = has_bf16 ? 1 : sizes.n_heads / sizes.n_kv_heads;
            for (const char* name : {"keys", "values"}) {
                const MemoryReport& memory = memory_of(report, name);
                CHECK(memory.different_bytes_read == used);
                CHECK(memory.bytes_read == times * used);
                CHECK(memory.bytes_written == 0);
            }
            const MemoryReport& context = memory_of(report, "context");
            CHECK(context.bytes_written ==
                  static_cast<std::int64_t>(count({sizes.batch, sizes.n_heads, width, 4})));
            CHECK(context.bytes_read == 0);
        }
    }
}

TEST_CASE("decode: a chunk of 20 tokens costs what a text of 20 tokens costs", "[cuda]") {
    const DecodingSizes text{2, 6, 2, 16, 20, 90}, chunk{2, 6, 2, 16, 20, 90, 64};
    for (const DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        const RunReport alone = emulate(rung, decoding_step(text)).report,
                        last = emulate(rung, decoding_step(chunk)).report;
        REQUIRE(alone.launches.size() == last.launches.size());
        for (std::size_t i = 0; i < alone.launches.size(); ++i) {
            CHECK(alone.launches[i].counts.sectors() == last.launches[i].counts.sectors());
            CHECK(alone.launches[i].counts.mma == last.launches[i].counts.mma);
        }
    }
}

TEST_CASE("decode: the sectors in the lesson's section about the first key", "[cuda]") {
    const auto sectors = [](DecodeRung rung, const DecodingSizes& sizes) {
        std::int64_t sum = 0;
        for (const LaunchReport& launch : emulate(rung, decoding_step(sizes)).report.launches)
            sum += launch.counts.sectors();
        return sum;
    };
    std::vector<std::int64_t> all, in_chunk_of_64;
    for (const DecodeRung rung : ch5::decode_rungs) {
        all.push_back(sectors(rung, {1, 8, 2, 64, 160, 160}));
        in_chunk_of_64.push_back(sectors(rung, in_chunk(1, 8, 2, 64, 159, 64)));
    }
    CHECK(all == std::vector<std::int64_t>{107744, 20608, 20824, 4040});
    CHECK(in_chunk_of_64 == std::vector<std::int64_t>{21600, 4224, 4440, 1048});
}

TEST_CASE("decode: only the naive rung makes trips for scores", "[cuda]") {
    const DecodingSizes sizes{2, 6, 2, 16, 20, 30};
    const auto scores = static_cast<std::int64_t>(count({sizes.batch, sizes.n_heads, sizes.tokens}));
    const MemoryReport naive = memory_of(emulate(DecodeRung::naive, decoding_step(sizes)).report, "scores");
    CHECK(naive.bytes_written == 4 * scores);
    CHECK(naive.different_bytes_read == 4 * scores);
    // For the maximum and for the sum by all 128 threads, for the values by those that have a column.
    CHECK(naive.bytes_read == 4 * scores * (128 + 128 + 16));
    for (const DecodeRung rung : {DecodeRung::online_softmax, DecodeRung::split_kv, DecodeRung::tensor_cores})
        CHECK_THROWS_AS(memory_of(emulate(rung, decoding_step(sizes)).report, "scores"), std::logic_error);
}

TEST_CASE("decode: a row of keys is read in one piece from rung 2 on, and in 32 places at once by rung 1",
          "[cuda]") {
    const DecodingSizes sizes{1, 2, 2, 64, 64, 64};
    const auto counts = [&](DecodeRung rung) {
        return emulate(rung, decoding_step(sizes)).report.launches.front().counts;
    };
    for (const DecodeRung rung : {DecodeRung::online_softmax, DecodeRung::tensor_cores}) {
        CAPTURE(to_string(rung));
        CHECK(counts(rung).global_reads.cost == counts(rung).global_reads.needed);
    }
    // In the line that multiplies: 32 sectors where 4 would do, and one of the query, which is one for all.
    AccessCounts dearest;
    for (const auto& [place, cost] : counts(DecodeRung::naive).by_place) {
        if (cost.cost > dearest.cost) dearest = cost;
    }
    CHECK(dearest.requests == 2 * 2 * 64 * 2);  // two warps of two heads, 64 columns, query and key
    CHECK(dearest.cost == 2 * 2 * 64 * (32 + 1));
    CHECK(dearest.needed == 2 * 2 * 64 * (4 + 1));
}

TEST_CASE("decode, tensor cores: products, copies and launches are as many as the tiles need", "[cuda]") {
    for (const DecodingSizes& sizes :
         {DecodingSizes{2, 6, 2, 64, 65, 70}, DecodingSizes{1, 6, 2, 128, 150, 150}}) {
        CAPTURE(to_string(sizes));
        const RunReport report = emulate(DecodeRung::tensor_cores, decoding_step(sizes)).report;
        REQUIRE(report.launches.size() == 2);
        CHECK(report.launches[0].kernel == "decode_tensor_cores");
        CHECK(report.launches[1].kernel == "merge_splits");
        const KernelCounts& counts = report.launches[0].counts;
        const std::int64_t blocks = report.launches[0].grid.x * sizes.n_kv_heads * sizes.batch,
                           tiles = sizes.batch * sizes.n_kv_heads * ((sizes.tokens + 15) / 16),
                           columns = sizes.head_dim;
        CHECK(counts.mma == tiles * columns / 16 * (2 + 2));
        CHECK(counts.ldmatrix == tiles * columns / 16 * (1 + 1));
        CHECK(counts.async_copies == tiles * 16 * columns / 8 * 2);
        // A maximum of each tile for two rows by two exchanges, and a sum of each warp.
        CHECK(counts.shuffles == tiles * 4 + blocks * 4 * 4);
        CHECK(counts.warp_barriers == tiles * 2);
        CHECK(counts.block_barriers == blocks * 2);
    }
}

TEST_CASE("decode, tensor cores: no bank conflicts in copies, ldmatrix and the merge", "[cuda]") {
    for (const int head_dim : {64, 128}) {
        CAPTURE(head_dim);
        const RunReport report =
            emulate(DecodeRung::tensor_cores, decoding_step({2, 6, 2, head_dim, 65, 70})).report;
        bool has_ldmatrix = false, has_copies = false;
        for (const auto& [place, counts] : report.launches[0].counts.by_place) {
            if (place.find("ldmatrix") == std::string::npos && place.find("shared") == std::string::npos)
                continue;
            CAPTURE(place);
            CHECK(counts.cost == counts.needed);
            has_ldmatrix |= place.find("ldmatrix") != std::string::npos;
            has_copies |= place.find("shared write") != std::string::npos;
        }
        CHECK(has_ldmatrix);
        CHECK(has_copies);
        CHECK(report.launches[0].counts.bank_conflicts() == 0);
    }
}

TEST_CASE("decode: the steps of the ladder have names", "[cuda]") {
    std::vector<std::string> names;
    for (const DecodeRung rung : ch5::decode_rungs) names.push_back(to_string(rung));
    CHECK(names == std::vector<std::string>{"naive", "online softmax", "split KV", "tensor cores"});
}
