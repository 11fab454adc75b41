#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "common/files/float_formats.hpp"

namespace ch7 {
namespace {

constexpr float e4m3_max = 448.0f;

// The number of blocks that cover `length`; the last block may be smaller.
std::size_t blocks_of(std::size_t length, std::size_t block_size) {
    if (block_size == 0) throw std::invalid_argument("block_size must be at least 1");
    return (length + block_size - 1) / block_size;
}

}  // namespace

Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block_size) {
    const Shape blocks = {blocks_of(values.shape(0), block_size), blocks_of(values.shape(1), block_size)};
    const Shape scales = {scale_inv.shape(0), scale_inv.shape(1)};
    if (scales != blocks) {
        throw std::invalid_argument(
            fmt::format("weight_dequant: {} scales for the {} blocks of {} of a weight {}", to_string(scales),
                        to_string(blocks), block_size, to_string({values.shape(0), values.shape(1)})));
    }
    Matrix weight = values;
    for (std::size_t i = 0; i < weight.shape(0); ++i) {
        for (std::size_t j = 0; j < weight.shape(1); ++j) {
            weight(i, j) *= scale_inv(i / block_size, j / block_size);
        }
    }
    return weight;
}

QuantizedWeight weight_quant(const Matrix& weight, std::size_t block_size) {
    // The largest magnitude of each block.
    const std::size_t rows = weight.shape(0), columns = weight.shape(1);
    Matrix scale_inv = xt::zeros<float>({blocks_of(rows, block_size), blocks_of(columns, block_size)});
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
            float& largest = scale_inv(i / block_size, j / block_size);
            largest = std::max(largest, std::abs(weight(i, j)));
        }
    }
    // The scale maps it to E4M3's largest number. A block that is too small to divide counts as zero.
    for (float& scale : scale_inv) {
        scale /= e4m3_max;
        if (scale < std::numeric_limits<float>::min()) scale = 1.0f;
    }
    Matrix values = weight;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
            const float scaled = weight(i, j) / scale_inv(i / block_size, j / block_size);
            values(i, j) = e4m3_to_float(float_to_e4m3(scaled));
        }
    }
    return {values, scale_inv};
}

}  // namespace ch7
