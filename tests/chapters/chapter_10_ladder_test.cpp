// Section 10.5: the ladders as data, the bytes that are counted, and the walk that measures them.
#include <filesystem>

#include "chapters/10_flash_attention/ladder.hpp"
#include "chapters/10_flash_attention/moved.hpp"
#include "tests/support/attention_calls.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

TEST_CASE("ladder: bytes counted by hand for a small call") {
    // 130 tokens: two whole tiles of 64 queries and one of 2, each with keys up to its last query.
    const CallFixture fixture({1, 130, 130, 4, 2, 6, 5});
    const AttentionCall& call = fixture.call;
    const double own = 4.0 * 130 * 4 * (6 + 5), matrix = 4.0 * 4 * 130 * 130, keys = 4.0 * (6 + 5);
    CHECK(ch10::moved::by_lesson(call) ==
          own + 8 * matrix + keys * 130 * (2 * 2 + 2 + 4 + 4));  // of 2 heads three times, of 4 twice
    CHECK(ch10::moved::by_whole_rows(call) == own + 4 * matrix + keys * 4 * 130);
    CHECK(ch10::moved::by_all_tiles(call) == own + keys * 4 * 3 * 130);
    CHECK(ch10::moved::by_visible_tiles(call) == own + keys * 4 * (64 + 128 + 130));
    CHECK(ch10::moved::by_groups(call) == own + keys * 2 * (128 + 130));  // 256 rows: 128 queries of 2 heads
    CHECK(ch10::moved::by_whole_groups(call) == own + 4 * matrix + keys * 2 * 130);
}

TEST_CASE("ladder: no rung moves more than the rung before, at the walk's sizes and larger") {
    for (const std::size_t tokens : {512UL, 2048UL}) {
        AttentionCall call;
        call.batch = 1;
        call.n_queries = call.n_keys = tokens;
        call.n_heads = 32;
        call.n_kv_heads = 8;
        call.queries = View4::of_shape({1, tokens, 32, 128});
        call.keys = call.values = View4::of_shape({1, tokens, 8, 128});
        const auto never_more = [&](const std::vector<ch10::RungStory>& ladder) {
            for (std::size_t i = 1; i < ladder.size(); ++i) {
                CAPTURE(ladder[i].name);
                CHECK(ladder[i].moved(call) <= ladder[i - 1].moved(call));
            }
        };
        never_more(ch10::prefill_ladder());
        call.n_queries = 1;
        call.start_pos = tokens - 1;
        never_more(ch10::decode_ladder());
    }
}

// The sanitizers have bench --quick, which runs the same functions at small sizes.
#ifndef ATTN_ADDRESS_SANITIZER
TEST_CASE("ladder: the walk has a step for each rung, with what was measured") {
    const Finished finished = run_piped("env -u ATTN_UNTIMED " + program(10), {"LANG=C.UTF-8"});
    CHECK(finished.status == 0);
    for (const auto* ladder : {&ch10::prefill_ladder(), &ch10::decode_ladder()}) {
        const std::string work = ladder == &ch10::prefill_ladder() ? "Prefill: " : "Decoding: ";
        for (const ch10::RungStory& rung : *ladder) {
            CAPTURE(rung.name);
            CHECK(std::filesystem::exists(SOURCE_DIR "/chapters/10_flash_attention/" + rung.file));
            const std::size_t step = finished.output.find(work + rung.name);
            REQUIRE(step != std::string::npos);
            CHECK(has(finished.output.substr(step, 90), "[" + rung.file + "]"));
            CHECK(has(finished.output.substr(step, 900), "MB moved   share"));
        }
    }
    CHECK(has(finished.output, "Under the roof"));
    CHECK(has(finished.output, "of reading\n"));
    CHECK_FALSE(has(run_piped(program(10), {"LANG=C.UTF-8"}).output, "Under the roof"));
}
#endif
