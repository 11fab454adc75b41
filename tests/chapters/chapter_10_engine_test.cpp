// Chapter 10's rungs and its engine against the lesson and against double, on sizes that no tile divides.
#include <hwy/targets.h>
#include <algorithm>
#include <cmath>
#include <cstring>

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/engine.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "tests/support/attention_calls.hpp"
#include "tests/support/catch.hpp"

namespace {

struct NamedRung {
    std::string name;
    ch10::Rung run;
};

void engine(const AttentionCall& call, float* output, std::size_t) {
    ch10::flash_attention(call, output);
}

const std::vector<NamedRung> fast_rungs = {{"prefill no copies", ch10::prefill_no_copies},
                                           {"prefill tiles", ch10::prefill_tiles},
                                           {"prefill skip", ch10::prefill_skip},
                                           {"prefill groups", ch10::prefill_groups},
                                           {"prefill threads", ch10::prefill_threads},
                                           {"prefill vectors", ch10::prefill_vectors},
                                           {"decode no copies", ch10::decode_no_copies},
                                           {"decode split", ch10::decode_split},
                                           {"decode kernel", ch10::decode_kernel},
                                           {"decode latent", ch10::decode_latent},
                                           {"engine", engine}};

std::vector<float> run(ch10::Rung rung, const CallFixture& fixture, std::size_t threads = 2) {
    std::vector<float> output(fixture.outputs(), std::numeric_limits<float>::quiet_NaN());
    rung(fixture.call, output.data(), threads);
    return output;
}

// The largest difference, divided by the largest expected value.
double difference(const std::vector<float>& got, const std::vector<double>& expected) {
    REQUIRE(got.size() == expected.size());
    double most = 0, size = 1e-30;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!std::isfinite(got[i])) return INFINITY;
        most = std::max(most, std::abs(static_cast<double>(got[i]) - expected[i]));
        size = std::max(size, std::abs(expected[i]));
    }
    return most / size;
}

// A score is a sum of `width` products, so its error grows with it, and exp makes an absolute error relative.
constexpr double bound = 3e-6;

void check_all(const CallFixture& fixture, const std::vector<NamedRung>& rungs = fast_rungs) {
    const std::vector<double> expected = attention_in_double(fixture.call);
    for (const NamedRung& rung : rungs) {
        CAPTURE(rung.name);
        CHECK(difference(run(rung.run, fixture), expected) < bound);
    }
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Batch 2 and 3, groups 1 to 16, one query to several tiles of them, widths that no vector divides.
const std::vector<CallSizes> sizes_of_calls = {
    {2, 67, 67, 6, 3, 20, 12},   {3, 5, 9, 4, 4, 6, 3},      {1, 150, 611, 5, 1, 33, 40},
    {2, 1, 1, 4, 2, 8, 8},       {2, 1, 777, 16, 1, 48, 37}, {1, 3, 530, 32, 2, 128, 128},
    {3, 130, 300, 3, 3, 17, 65}, {1, 300, 300, 16, 1, 7, 5}, {2, 2, 1300, 8, 8, 70, 19}};

}  // namespace

TEST_CASE("flash: every rung against double and the lesson") {
    for (const CallSizes& sizes : sizes_of_calls) {
        CAPTURE(sizes.batch, sizes.queries, sizes.keys, sizes.heads, sizes.kv_heads, sizes.width);
        const CallFixture fixture(sizes);
        check_all(fixture);

        const std::vector<double> expected = attention_in_double(fixture.call);
        CHECK(difference(run(ch10::prefill_lesson, fixture), expected) < bound);
        CHECK(difference(run(ch10::decode_lesson, fixture), expected) < bound);
    }
}

TEST_CASE("flash: windows, chunks, both ways, and keys that begin later") {
    for (const CallSizes& sizes :
         {sizes_of_calls[0], sizes_of_calls[1], sizes_of_calls[2], sizes_of_calls[4]}) {
        CAPTURE(sizes.batch, sizes.queries, sizes.keys, sizes.heads, sizes.kv_heads, sizes.width);
        CallFixture fixture(sizes);
        AttentionCall& call = fixture.call;
        const std::size_t start_pos = call.start_pos;
        for (const std::size_t window :
             {std::size_t{1}, std::size_t{4}, std::size_t{100}, std::size_t{5000}}) {
            CAPTURE(window);
            call.window = window;
            check_all(fixture);
            call.first_key = 40;  // an old part of the text is no longer in the cache
            call.start_pos = start_pos + 40;
            check_all(fixture);
            call.first_key = 0;
            call.start_pos = start_pos;
        }
        call.window = 0;
        for (const std::size_t chunk : {std::size_t{3}, std::size_t{64}, std::size_t{301}}) {
            CAPTURE(chunk);
            call.chunk = chunk;
            check_all(fixture);
        }
        call.chunk = 0;
        call.causal = false;
        check_all(fixture);
    }
}

TEST_CASE("flash: soft cap, bias, sinks, padding, and a second part of the keys") {
    // The rules are applied in one place, so one rung of each kind is enough.
    const std::vector<NamedRung> rungs = {{"prefill skip", ch10::prefill_skip},
                                          {"prefill vectors", ch10::prefill_vectors},
                                          {"decode kernel", ch10::decode_kernel},
                                          {"engine", engine}};
    for (const CallSizes& sizes : sizes_of_calls) {
        CAPTURE(sizes.batch, sizes.queries, sizes.keys, sizes.heads, sizes.kv_heads, sizes.width);
        CallFixture capped(sizes, 11);
        capped.call.soft_cap = 2.5f;
        check_all(capped, rungs);
        CallFixture biased(sizes, 12);
        biased.add_bias();
        check_all(biased, rungs);
        CallFixture with_sinks(sizes, 13);
        with_sinks.add_sinks();
        check_all(with_sinks, rungs);
        CallFixture padded(sizes, 14);
        padded.add_padding();
        check_all(padded, rungs);
        CallFixture two_parts(sizes, 15, 11);
        check_all(two_parts, rungs);

        CallFixture all(sizes, 16, 5);
        all.call.soft_cap = 4.0f;
        all.call.window = 50;
        all.call.first_key = 7;
        all.call.start_pos += 7;
        all.add_bias();
        all.add_sinks();
        all.add_padding();
        check_all(all, rungs);
    }
}

TEST_CASE("flash: each kind of vector instructions that this processor has") {
    const auto use = [](std::int64_t targets) {
        hwy::SetSupportedTargetsForTest(targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    };
    const std::int64_t all = hwy::SupportedTargets();
    std::vector<std::string> seen;
    for (std::int64_t targets = all; targets != 0; targets &= targets - 1) {
        use(targets & -targets);
        if (std::find(seen.begin(), seen.end(), ch10::vector_instructions()) != seen.end()) continue;
        seen.push_back(ch10::vector_instructions());
        CAPTURE(seen);
        for (const CallSizes& sizes : sizes_of_calls) check_all(CallFixture(sizes));
    }
    use(0);
    CHECK_FALSE(seen.empty());
    CHECK(hwy::SupportedTargets() == all);
}

TEST_CASE("flash: the same bits for any number of threads") {
    for (const CallSizes& sizes : sizes_of_calls) {
        const CallFixture fixture(sizes);
        for (const NamedRung& rung : fast_rungs) {
            CAPTURE(rung.name);
            const std::vector<float> one = run(rung.run, fixture, 1);
            for (const std::size_t threads : {2UL, 3UL, 8UL})
                CHECK(same_bits(run(rung.run, fixture, threads), one));
        }
    }
}

TEST_CASE("flash: a later token changes no earlier output") {
    const CallSizes sizes{2, 200, 300, 6, 2, 20, 12};
    CallFixture fixture(sizes);
    for (const NamedRung& rung : fast_rungs) {
        CAPTURE(rung.name);
        const std::vector<float> before = run(rung.run, fixture);
        const std::size_t changed = 250, row = sizes.heads * sizes.value_width;
        fixture.keys.at(1, changed, 1)[3] += 2.0f;
        fixture.values.at(1, changed, 1)[3] += 2.0f;
        const std::vector<float> after = run(rung.run, fixture);
        fixture.keys.at(1, changed, 1)[3] -= 2.0f;
        fixture.values.at(1, changed, 1)[3] -= 2.0f;
        const std::size_t same = (sizes.queries + changed - 100) * row;
        CHECK(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(same), after.begin()));
        CHECK_FALSE(same_bits(before, after));
    }
}

TEST_CASE("flash: NaN and infinity stay where the lesson has them") {
    const CallSizes sizes{1, 90, 90, 4, 2, 20, 12};
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    inf = std::numeric_limits<float>::infinity();
    for (const float poison : {nan, inf, -inf}) {
        CAPTURE(poison);
        CallFixture fixture(sizes);
        fixture.queries.at(0, 40, 1)[2] = poison;  // one query of one head: its scores are NaN, or +-infinity
        const std::vector<float> expected = run(ch10::prefill_lesson, fixture);
        for (const NamedRung& rung : fast_rungs) {
            CAPTURE(rung.name);
            const std::vector<float> got = run(rung.run, fixture);
            for (std::size_t i = 0; i < got.size(); ++i) {
                const bool of_this_query = i / sizes.value_width == 40 * sizes.heads + 1;
                CHECK(std::isnan(got[i]) == of_this_query);
                CHECK(std::isnan(expected[i]) == of_this_query);
            }
        }
    }
}

TEST_CASE("flash: a softmax that is one-hot, and scores beyond exp's range") {
    CallFixture fixture({1, 70, 300, 4, 2, 20, 12});
    // The query is key 17 times a thousand: its score is far above all others, and above 88.
    for (std::size_t i = 0; i < 20; ++i)
        fixture.queries.at(0, 30, 3)[i] = 1000.0f * fixture.keys.at(0, 17, 1)[i];
    for (const NamedRung& rung : fast_rungs) {
        CAPTURE(rung.name);
        const std::vector<float> got = run(rung.run, fixture);
        const float* row = &got[(30 * 4 + 3) * 12];
        CHECK(std::equal(row, row + 12, fixture.values.at(0, 17, 1)));
    }
}

TEST_CASE("flash: sizes that do not fit are refused") {
    CallFixture fixture({1, 2, 3, 6, 3, 8, 8});
    std::vector<float> output(fixture.outputs());
    fixture.call.n_kv_heads = 4;
    CHECK_THROWS_WITH(ch10::flash_attention(fixture.call, output.data()),
                      "attention: 6 query heads cannot share 4 key heads equally");
    fixture.call.n_kv_heads = 3;
    fixture.call.keys = fixture.call.keys.narrow(3, 0, 7);
    CHECK_THROWS_WITH(ch10::flash_attention(fixture.call, output.data()),
                      "attention: queries of 8 + 0 numbers do not fit keys of 7 + 0");
}

TEST_CASE("flash: exp in vectors is within 2 units in the last place") {
    std::vector<float> x;
    for (float value = -87.0f; value <= 0.0f; value += 0.00037f) x.push_back(value);
    std::vector<float> got = x;
    ch10::exp_in_vectors(got);
    double most = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double exact = std::exp(static_cast<double>(x[i]));
        const double unit = std::ldexp(1.0, std::ilogb(exact) - 23);
        most = std::max(most, std::abs(static_cast<double>(got[i]) - exact) / unit);
    }
    CHECK(most < 2.0);
    CHECK(most > 0.1);  // it is measured

    std::vector<float> special = {0.0f, -0.0f, -87.4f, -1000.0f, -INFINITY, NAN, NAN, -1.0f, -2.0f};
    ch10::exp_in_vectors(special);
    CHECK(special[0] == 1.0f);
    CHECK(special[1] == 1.0f);
    for (std::size_t i = 2; i < 5; ++i) CHECK(special[i] == 0.0f);
    CHECK(std::isnan(special[5]));
    CHECK(std::isnan(special[6]));
}

TEST_CASE("flash: a tile's memory does not grow with the text") {
    const auto bytes = [](std::size_t tokens) {
        const CallFixture fixture({1, tokens, tokens, 8, 2, 128, 128});
        ch10::Tile tile;
        tile.begin(fixture.call, ch10::tiles_of_groups(fixture.call, ch10::tile_rows).back());
        ch10::for_each_key_tile({0, tokens}, ch10::tile_keys,
                                [&](std::size_t first, std::size_t stop) { tile.attend(first, stop); });
        return tile.bytes();
    };
    CHECK(bytes(512) == bytes(2048));
    CHECK(bytes(2048) < 4 * 1024 * 1024);
}
