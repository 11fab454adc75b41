// Weights of 8 bits in blocks: PyTorch's numbers, blocks that are cut, and shapes that do not fit.
#include <limits>
#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"
#include "common/files/float_formats.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/tensors_of.hpp"
#include "tests/support/text.hpp"

namespace {

// What weight_dequant says of these sizes, or "" if they fit.
std::string misfit(std::size_t rows, std::size_t columns, std::size_t scale_rows, std::size_t scale_columns,
                   std::size_t block_size) {
    try {
        ch7::weight_dequant(xt::ones<float>({rows, columns}), xt::ones<float>({scale_rows, scale_columns}),
                            block_size);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("chapter 7, FP8: what the 256 bytes are and how float32 rounds to them, as in PyTorch") {
    const ReferenceFile file("chapter_7_fp8.safetensors");
    const Vector values = file.get<1>("e4m3.values");
    REQUIRE(values.size() == 256);
    Vector widened = xt::zeros_like(values);
    for (unsigned bits = 0; bits < 256; ++bits) {
        widened(bits) = e4m3_to_float(static_cast<std::uint8_t>(bits));
    }
    CHECK(exact(widened) == exact(values));

    Vector rounded = file.get<1>("e4m3.before");
    REQUIRE(rounded.size() > 300);
    for (float& value : rounded) value = e4m3_to_float(float_to_e4m3(value));
    CHECK(exact(rounded) == exact(file.get<1>("e4m3.after")));
}

TEST_CASE("chapter 7, FP8: a weight in blocks, three of which are cut, as in PyTorch") {
    const ReferenceFile file("chapter_7_fp8.safetensors");
    const Matrix values = file.get<2>("block.weight"), scale_inv = file.get<2>("block.weight_scale_inv");
    CHECK(exact(ch7::weight_dequant(values, scale_inv)) == exact(file.get<2>("block.dequantized")));

    // The weight that it was made from is torch.manual_seed(123), torch.randn(130, 133).
    const ch7::QuantizedWeight quantized = ch7::weight_quant(random_matrix(123, 130, 133));
    CHECK(exact(quantized.values) == exact(values));
    CHECK(exact(quantized.scale_inv) == exact(scale_inv));
}

TEST_CASE("chapter 7, FP8: each block has its own scale") {
    const Matrix values = {{1.0f, -2.0f, 3.0f}, {4.0f, 5.0f, -6.0f}, {7.0f, 8.0f, 9.0f}};
    const Matrix scale_inv = {{1.0f, 10.0f}, {-100.0f, 0.5f}};
    const Matrix expected = {{1.0f, -2.0f, 30.0f}, {4.0f, 5.0f, -60.0f}, {-700.0f, -800.0f, 4.5f}};
    CHECK(exact(ch7::weight_dequant(values, scale_inv, 2)) == exact(expected));
}

TEST_CASE("chapter 7, FP8: a block of zeros, or next to them, has scale 1") {
    Matrix weight = random_matrix(5, 3, 7);
    xt::view(weight, xt::range(0, 2), xt::range(2, 4)) = 0.0f;
    xt::view(weight, xt::range(0, 2), xt::range(4, 6)) = -1e-40f;
    const ch7::QuantizedWeight quantized = ch7::weight_quant(weight, 2);
    CHECK(Shape{quantized.scale_inv.shape(0), quantized.scale_inv.shape(1)} == Shape{2, 4});
    CHECK(quantized.scale_inv(0, 1) == 1.0f);
    CHECK(quantized.scale_inv(0, 2) == 1.0f);
    CHECK(quantized.scale_inv(1, 1) != 1.0f);
    CHECK(quantized.values(1, 3) == 0.0f);

    // No number moves by more than half of E4M3's largest step, which is 32.
    const Matrix back = ch7::weight_dequant(quantized.values, quantized.scale_inv, 2);
    for (std::size_t i = 0; i < weight.shape(0); ++i) {
        for (std::size_t j = 0; j < weight.shape(1); ++j) {
            CAPTURE(i, j);
            CHECK(std::abs(back(i, j) - weight(i, j)) <= 16.001f * quantized.scale_inv(i / 2, j / 2));
        }
    }
    const ch7::QuantizedWeight negative = ch7::weight_quant({{-896.0f, 100.0f}}, 2);
    CHECK(negative.scale_inv(0, 0) == 2.0f);
    CHECK(negative.values(0, 0) == -448.0f);
    CHECK(negative.values(0, 1) == 48.0f);  // 50 lies between 12 and 13 steps of 4
}

TEST_CASE("chapter 7, FP8: one scale for each block, or both shapes in one line") {
    CHECK(misfit(4, 6, 2, 3, 2).empty());
    CHECK(misfit(5, 7, 3, 4, 2).empty());
    CHECK(misfit(130, 128, 2, 1, 128).empty());
    CHECK(misfit(5, 7, 2, 4, 2) ==
          "weight_dequant: (2, 4) scales for the (3, 4) blocks of 2 of a weight (5, 7)");
    CHECK(has(misfit(5, 7, 4, 3, 2), "(4, 3) scales"));
    CHECK(has(misfit(5, 7, 3, 5, 2), "(3, 5) scales"));
    CHECK(misfit(5, 7, 5, 7, 0) == "block_size must be at least 1");
    CHECK_THROWS_AS(ch7::weight_quant(random_matrix(1, 2, 2), 0), std::invalid_argument);
}
