// Chapter 7's ladder, run by the emulator.
#include <fmt/format.h>

#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/latent_cases.hpp"
#include "tests/cuda/run_kernel.hpp"
#include "tests/support/catch.hpp"

namespace {

using ch7::LatentRung;

ch7::LatentRun emulate(LatentRung rung, const ch7::LatentInput& input, Order order = Order::round_robin) {
    return ch7::latent_decode(Device::emulated, rung, input, in_order(order));
}

void check_rungs(const ch7::LatentShape& shape) {
    CAPTURE(shape.batch, shape.n_heads, shape.kv_lora_rank, shape.qk_rope_head_dim, shape.tokens);
    const ch7::LatentInput input = latent_step(shape);
    const std::vector<double> expected = latent_in_double(input);
    for (const LatentRung rung : ch7::latent_rungs) {
        CAPTURE(to_string(rung));
        const std::vector<float> context = emulate(rung, input).context;
        CHECK(relative_error(context, expected) < (rung == LatentRung::three_products ? 2e-6 : 3e-3));
        for (const Order order : {Order::reverse, Order::random})
            CHECK(same_bits(emulate(rung, input, order).context, context));
    }
}

std::string refusal(LatentRung rung, const ch7::LatentInput& input) {
    try {
        emulate(rung, input);
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("latent_decode: every rung as in double, the same bits in every order", "[cuda]") {
    const ch7::LatentShape shape =
        GENERATE(ch7::LatentShape{3, 2, 5, 2, 1, 1, 0.4f}, ch7::LatentShape{2, 5, 20, 8, 17, 19, 0.3f},
                 ch7::LatentShape{2, 17, 32, 32, 50, 60, 0.2f}, ch7::LatentShape{1, 33, 7, 30, 15, 16, 0.3f},
                 ch7::LatentShape{1, 16, 32, 32, 140, 150, 0.1f});
    check_rungs(shape);
}

TEST_CASE("latent_decode: at DeepSeek's widths", "[cuda]") {
    check_rungs({1, 16, 512, 64, 65, 70, 0.04f});
}

TEST_CASE("latent_decode: widths that are padded, heads that are no multiple of 16", "[cuda]") {
    check_rungs({1, 3, 500, 60, 9, 9, 0.04f});
}

TEST_CASE("latent_decode: a softmax that is one-hot picks the latent of its token", "[cuda]") {
    const ch7::LatentShape s{1, 4, 16, 8, 40, 45, 1.0f};
    ch7::LatentInput input = latent_step(s);
    std::vector<double> expected;
    for (int h = 0; h < s.n_heads; ++h) {
        // Each head's query is 20 times the row of a token of its own.
        const auto row = static_cast<std::size_t>(s.row(0, 39 - 11 * h)),
                   query = static_cast<std::size_t>(s.query_row(0, h));
        for (std::size_t i = 0; i < 24; ++i) input.queries[query + i] = 20 * input.cache[row + i];
        for (std::size_t i = 0; i < 16; ++i) expected.push_back(static_cast<double>(input.cache[row + i]));
    }
    for (const LatentRung rung : ch7::latent_rungs) {
        CAPTURE(to_string(rung));
        CHECK(relative_error(emulate(rung, input).context, expected) < 3e-3);
    }
}

TEST_CASE("latent_decode: fused reads each latent once for 16 heads, and meets no bank twice", "[cuda]") {
    for (const int n_heads : {16, 32}) {
        CAPTURE(n_heads);
        const RunReport run =
            emulate(LatentRung::fused, latent_step({1, n_heads, 512, 64, 70, 75, 0.04f})).report;
        const std::int64_t latents = 70 * 576 * 2;
        CHECK(memory_of(run, "cache").different_bytes_read == latents);
        CHECK(memory_of(run, "cache").bytes_read == latents * n_heads / 16);
        CHECK(run.launches.front().counts.bank_conflicts() == 0);
        // Of a tile of 64 tokens: 36 steps of scores by 8 warps, and 4 x 4 x 2 products of values.
        const std::int64_t tiles = 2 * n_heads / 16;
        CHECK(run.launches.front().counts.mma == tiles * 8 * (36 + 4 * 4 * 2));
        CHECK(run.launches.front().counts.block_barriers == tiles * 3 + tiles);
    }
}

TEST_CASE("latent_decode: what does not fit is refused by name", "[cuda]") {
    const auto refused = [&](const auto& change) {
        ch7::LatentInput input = latent_step({2, 3, 5, 2, 4, 6, 0.4f});
        change(input);
        return refusal(LatentRung::fused, input);
    };
    CHECK(refused([](auto&) {}) == "");
    CHECK(refused([](auto& input) { input.queries.pop_back(); }) ==
          "queries has 41 numbers, and its shape is (2, 3, 7)");
    CHECK(refused([](auto& input) { input.cache.pop_back(); }) ==
          "cache has 83 numbers, and its shape is (2, 6, 7)");
    CHECK(refused([](auto& input) { input.shape.tokens = 7; }) ==
          "latent_decode: more tokens than max_tokens");
    CHECK(refused([](auto& input) { input.shape.n_heads = 0; }) ==
          "latent_decode: n_heads is 0, and must be at least 1");
    const std::string over = " are over 512 and 64; use the rung three products";
    CHECK(refusal(LatentRung::fused, latent_step({1, 1, 513, 64, 1, 1, 1.0f})) ==
          "fused_latent_decode: latents of 513 with 64 for the position" + over);
    CHECK(refusal(LatentRung::fused, latent_step({1, 1, 8, 65, 1, 1, 1.0f})) ==
          "fused_latent_decode: latents of 8 with 65 for the position" + over);
    CHECK(refusal(LatentRung::three_products, latent_step({1, 1, 513, 65, 1, 1, 1.0f})) == "");
}
