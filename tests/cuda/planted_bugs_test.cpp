// Bugs in the real kernels, planted by planted_bugs.cmake: how the emulator shows each of them, and that it
// shows nothing of the kind where none is planted.
#include <fmt/format.h>

#include <optional>

#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/planted_kernels.hpp"
#include "tests/cuda/prefill_cases.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

using ch5::DecodeRung;

// Tiles enough for a warp to go round its ring; a cache that is full, so that what lies behind is nobody's.
constexpr DecodingSizes many_tiles{2, 12, 4, 16, 250, 250};
// Rows of 128 bytes, and a cache with NaN behind the last token.
constexpr DecodingSizes wide_rows{2, 6, 2, 64, 65, 90};
// A cache with NaN before the first key.
constexpr DecodingSizes in_chunk{2, 6, 2, 64, 65, 105, 40};

struct Outcome {
    std::string error;      // of the kernel
    bool is_right = false;  // the numbers
    std::int64_t bank_conflicts = 0;
};
Outcome outcome_of(const std::string& bug, DecodeRung rung, const DecodingSizes& sizes, Order order) {
    const ch5::DecodeInput input = decoding_step(sizes);
    try {
        const ch5::DecodeRun run = planted_kernels().at(bug).decode(rung, input, in_order(order));
        const bool has_bf16 = rung == DecodeRung::tensor_cores;
        const std::vector<double> expected = decoded_in_double(has_bf16 ? rounded(input) : input);
        return {"", relative_error(run.context, expected) < (has_bf16 ? 3e-3 : 1e-6),
                run.report.launches.front().counts.bank_conflicts()};
    } catch (const KernelError& error) {
        return {error.what(), false, 0};
    }
}

// How a bug shows: by an error that has `text`, when threads run in turn; else by wrong numbers; else, where
// they are right, by bank conflicts.
struct Shows {
    enum By { error, wrong_numbers, bank_conflicts } by;
    std::string text = "";
};
struct Planted {
    std::string bug;
    Shows shows;
    DecodingSizes sizes = many_tiles;
    DecodeRung rung = DecodeRung::tensor_cores;
};

const std::string under_way = ") is still under way: its cp.async.wait is missing or allows too many groups",
                  no_barrier_in_warp = "neither __syncwarp nor __syncthreads stands between",
                  no_barrier_in_block = "no __syncthreads stands between";

const std::vector<Planted> all_planted = {
    {"wait_missing", {Shows::error, under_way}},
    {"wait_allows_one_more", {Shows::error, under_way}},
    {"empty_group_not_closed", {Shows::error, under_way}},
    {"syncwarp_missing_after_wait", {Shows::error, no_barrier_in_warp}},
    {"syncwarp_missing_at_end", {Shows::error, no_barrier_in_warp}},
    {"syncthreads_missing_before_merge", {Shows::error, no_barrier_in_block}},
    {"syncthreads_missing_after_contexts", {Shows::error, "reads largests["}},
    {"sums_not_written", {Shows::error, "reads sums[0], which nobody has written"}},
    {"syncthreads_missing_in_naive", {Shows::wrong_numbers}, wide_rows, DecodeRung::naive},
    {"keys_not_transposed", {Shows::wrong_numbers}},
    {"values_transposed", {Shows::wrong_numbers}},
    {"halves_swapped", {Shows::wrong_numbers}},
    {"context_not_rescaled", {Shows::wrong_numbers}},
    {"scores_after_last_kept", {Shows::wrong_numbers}},
    {"swizzle_missing", {Shows::bank_conflicts}, wide_rows},
    {"tokens_after_last_copied", {Shows::error, "of keys, which has"}},
    {"tokens_after_last_copied", {Shows::wrong_numbers}, wide_rows},
    {"queries_after_group_read", {Shows::error, "of queries, which has"}},
    {"contexts_after_group_written", {Shows::error, "of partial_context, which has"}},
    {"ring_too_short", {Shows::error, "touches rings["}},
    {"stage_beyond_ring", {Shows::error, "copies into rings["}},
    {"first_key_off_by_one", {Shows::error, "of keys, which has"}},
    {"first_key_off_by_one", {Shows::wrong_numbers}, in_chunk},
};

// A prefill in chunks. Borders inside a tile of queries, and rows that see nothing of their first tile; NaN
// before the first query's chunk.
constexpr PrefillSizes long_chunks{1, 2, 1, 16, 16, 140, 101, 90};

bool is_prefill_right(const std::string& bug, Order order) {
    const ch5::PrefillInput input = prefill_of(long_chunks);
    return relative_error(planted_kernels().at(bug).prefill(input, in_order(order)).context,
                          prefilled_in_double(input)) < 3e-3;
}

// Bugs in the prefill, all of which show by wrong numbers.
const std::vector<std::string> planted_in_prefill = {
    "tiles_from_key_0",   "tiles_from_key_of_last_query", "keys_before_chunk_seen",
    "first_key_not_seen", "first_key_of_row_above",       "largest_starts_at_minus_infinity"};

}  // namespace

TEST_CASE("planted bugs: each shows as it should, in every order of threads", "[cuda]") {
    for (const Planted& planted : all_planted) {
        CAPTURE(planted.bug);
        const Outcome outcome = outcome_of(planted.bug, planted.rung, planted.sizes, Order::round_robin);
        CAPTURE(outcome.error);
        switch (planted.shows.by) {
            case Shows::error:
                CHECK(outcome.error.find(planted.shows.text) != std::string::npos);
                CHECK(outcome.error.find("4_tensor_cores.cuh:") != std::string::npos);
                for (const Order order : {Order::reverse, Order::random})
                    CHECK(outcome_of(planted.bug, planted.rung, planted.sizes, order).error != "");
                break;
            case Shows::wrong_numbers:
                CHECK(outcome.error == "");
                CHECK_FALSE(outcome.is_right);
                break;
            case Shows::bank_conflicts:
                CHECK(outcome.error == "");
                CHECK(outcome.is_right);
                CHECK(outcome.bank_conflicts > 0);
                break;
        }
    }
}

TEST_CASE("planted bugs: those in the prefill give wrong numbers, in every order of threads", "[cuda]") {
    for (const Order order : every_order) {
        CHECK(is_prefill_right("nothing", order));
        for (const std::string& bug : planted_in_prefill) {
            CAPTURE(bug);
            CHECK_FALSE(is_prefill_right(bug, order));
        }
    }
}

TEST_CASE("planted bugs: where none is planted, nothing shows", "[cuda]") {
    const auto check = [](DecodeRung rung, const DecodingSizes& sizes) {
        for (const Order order : every_order) {
            CAPTURE(to_string(sizes), static_cast<int>(order));
            const Outcome outcome = outcome_of("nothing", rung, sizes, order);
            CHECK(outcome.error == "");
            CHECK(outcome.is_right);
            if (rung == DecodeRung::tensor_cores && sizes.head_dim == 64) CHECK(outcome.bank_conflicts == 0);
        }
    };
    SECTION("many tiles") {
        check(DecodeRung::tensor_cores, many_tiles);
    }
    SECTION("wide rows") {
        check(DecodeRung::tensor_cores, wide_rows);
    }
    SECTION("in a chunk") {
        check(DecodeRung::tensor_cores, in_chunk);
    }
    SECTION("naive") {
        check(DecodeRung::naive, wide_rows);
    }
}

TEST_CASE("planted bugs: all that are planted are looked for", "[cuda]") {
    std::map<std::string, PlantedKernels> missing = planted_kernels();
    missing.erase("nothing");
    for (const Planted& planted : all_planted) missing.erase(planted.bug);
    for (const std::string& bug : planted_in_prefill) missing.erase(bug);
    CHECK(missing.empty());
    CHECK(planted_kernels().size() >= 27);
}
