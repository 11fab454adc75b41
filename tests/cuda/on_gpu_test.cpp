// The kernels on a real GPU, against double, on the sizes of the emulator's tests and larger ones. Where
// there is no GPU each of these says so by name, and ctest counts it as skipped.
#include <fmt/format.h>

#include "common/cuda/multiply.hpp"
#include "common/cuda/roofs.hpp"
#include "tests/cuda/decoding_cases.hpp"
#include "tests/cuda/latent_cases.hpp"
#include "tests/cuda/prefill_cases.hpp"
#include "tests/cuda/rope_cases.hpp"
#include "tests/support/catch.hpp"

namespace {

constexpr double close_for_floats = 2e-6, close_for_bf16 = 3e-3;

}  // namespace

TEST_CASE("on a GPU: decode, every rung as in double", "[gpu]") {
    require_gpu();
    const DecodingSizes sizes =
        GENERATE(DecodingSizes{3, 2, 2, 5, 1, 1}, DecodingSizes{3, 6, 2, 16, 150, 160},
                 DecodingSizes{2, 32, 2, 64, 17, 18}, DecodingSizes{2, 6, 2, 128, 65, 66},
                 DecodingSizes{2, 32, 8, 128, 3001, 3100}, DecodingSizes{2, 6, 2, 5, 21, 74, 50},
                 DecodingSizes{2, 6, 2, 64, 1, 68, 64}, DecodingSizes{2, 32, 8, 128, 1000, 3100, 2048});
    CAPTURE(to_string(sizes));
    const ch5::DecodeInput input = decoding_step(sizes);
    for (const ch5::DecodeRung rung : ch5::decode_rungs) {
        CAPTURE(to_string(rung));
        const bool has_bf16 = rung == ch5::DecodeRung::tensor_cores;
        const ch5::DecodeRun run = ch5::decode(Device::cuda, rung, input);
        CHECK(relative_error(run.context, decoded_in_double(has_bf16 ? rounded(input) : input)) <
              (has_bf16 ? close_for_bf16 : close_for_floats));
        CHECK(run.report.seconds.value_or(0) > 0);
    }
}

TEST_CASE("on a GPU: prefill as in double", "[gpu]") {
    require_gpu();
    const PrefillSizes sizes =
        GENERATE(PrefillSizes{3, 6, 2, 5, 3, 7, 0}, PrefillSizes{2, 4, 2, 16, 16, 65, 70},
                 PrefillSizes{1, 2, 1, 64, 64, 300, 5}, PrefillSizes{2, 4, 2, 128, 128, 257, 0},
                 PrefillSizes{1, 2, 2, 192, 128, 130, 1}, PrefillSizes{3, 6, 2, 5, 3, 7, 3, 4},
                 PrefillSizes{2, 4, 2, 16, 16, 70, 0, 30}, PrefillSizes{2, 3, 1, 16, 16, 40, 70, 50},
                 PrefillSizes{1, 1, 1, 16, 16, 200, 0, 130}, PrefillSizes{2, 2, 1, 64, 64, 67, 5, 1},
                 PrefillSizes{2, 4, 2, 128, 128, 257, 100, 64});
    CAPTURE(to_string(sizes));
    const ch5::PrefillInput input = prefill_of(sizes);
    CHECK(relative_error(ch5::prefill(Device::cuda, input).context, prefilled_in_double(input)) <
          close_for_bf16);
}

TEST_CASE("on a GPU: rope_append, every rung as in double", "[gpu]") {
    require_gpu();
    const ch6::RopeShape shape =
        GENERATE(ch6::RopeShape{2, 6, 2, 4, 3, 2, 7}, ch6::RopeShape{2, 32, 8, 128, 65, 3, 90},
                 ch6::RopeShape{1, 2, 1, 256, 2, 1, 3});
    const ch6::RopeInput input = rope_of(shape);
    const ExpectedOfRope expected = appended_in_double(input);
    for (const ch6::RopeRung rung : ch6::rope_rungs) {
        CAPTURE(to_string(rung), shape.head_dim);
        if (!why_not(rung, shape).empty()) continue;
        const ch6::RopeRun run = ch6::rope_append(Device::cuda, rung, input);
        const double close = rung == ch6::RopeRung::fused_wide ? close_for_bf16 : close_for_floats;
        CHECK(relative_error(run.xq_rotated, expected.xq_rotated) < close);
        CHECK(relative_error(run.cache_k, expected.cache_k) < close);
        CHECK(relative_error(run.cache_v, expected.cache_v) < close);
    }
}

TEST_CASE("on a GPU: latent_decode, every rung as in double", "[gpu]") {
    require_gpu();
    const ch7::LatentShape shape =
        GENERATE(ch7::LatentShape{3, 2, 5, 2, 1, 1, 0.4f}, ch7::LatentShape{2, 17, 32, 32, 50, 60, 0.2f},
                 ch7::LatentShape{2, 40, 512, 64, 2001, 2050, 0.04f});
    const ch7::LatentInput input = latent_step(shape);
    for (const ch7::LatentRung rung : ch7::latent_rungs) {
        CAPTURE(to_string(rung), shape.n_heads);
        const ch7::LatentRun run = ch7::latent_decode(Device::cuda, rung, input);
        CHECK(relative_error(run.context, latent_in_double(input)) <
              (rung == ch7::LatentRung::three_products ? close_for_floats : close_for_bf16));
    }
}

TEST_CASE("on a GPU: products by cuBLAS, batched and transposed", "[gpu]") {
    require_gpu();
    // Three batches of (2, 5) by (4, 5) transposed, whose rows stand further apart than they are wide.
    std::mt19937 random(6);
    const std::vector<float> a = normal_numbers(random, 3 * 2 * 7), b = normal_numbers(random, 3 * 4 * 6);
    const Product product{.m = 2,
                          .n = 4,
                          .k = 5,
                          .batch = 3,
                          .a_row = 7,
                          .a_batch = 14,
                          .b_row = 6,
                          .b_batch = 24,
                          .b_is_transposed = true,
                          .c_row = 4,
                          .c_batch = 8};
    const std::vector<float> gpu = multiply(Device::cuda, product, a, b, 24).c,
                             cpu = multiply(Device::emulated, product, a, b, 24).c;
    CHECK(relative_error(gpu, {cpu.begin(), cpu.end()}) < close_for_floats);
}

TEST_CASE("on a GPU: the roofs are those of some GPU", "[gpu]") {
    const Roofs roofs = measure_roofs();
    CHECK(roofs.bytes_per_second > 1e11);
    CHECK(roofs.flops_per_second > 1e12);
}
