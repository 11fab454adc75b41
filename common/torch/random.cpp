#include "common/torch/random.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

#include "common/torch/normal_block.hpp"

namespace torch {
namespace {

void fill_uniform(Generator& generator, std::span<float> values, float low, float high) {
    // PyTorch scales and shifts with a single rounding on a processor with AVX2.
    for (float& value : values) value = std::fma(generator.uniform_float(), high - low, low);
}

void fill_normal(Generator& generator, std::span<float> values) {
    if (values.size() < 16) {
        for (float& value : values) value = static_cast<float>(generator.normal_double());
        return;
    }

    // Whole blocks in place. If some values are left over, PyTorch draws the last 16 values of the tensor
    // again.
    fill_uniform(generator, values, 0.0f, 1.0f);
    for (std::size_t start = 0; start + 16 <= values.size(); start += 16) {
        normal_block(values.subspan(start).first<16>());
    }
    if (values.size() % 16 != 0) {
        fill_uniform(generator, values.last(16), 0.0f, 1.0f);
        normal_block(values.last<16>());
    }
}

}  // namespace

Matrix rand(Generator& generator, std::size_t rows, std::size_t columns) {
    return uniform(generator, rows, columns, 0.0f, 1.0f);
}

Matrix uniform(Generator& generator, std::size_t rows, std::size_t columns, float low, float high) {
    Matrix values = Matrix::from_shape({rows, columns});
    fill_uniform(generator, values.storage(), low, high);
    return values;
}

Vector uniform(Generator& generator, std::size_t size, float low, float high) {
    Vector values = Vector::from_shape({size});
    fill_uniform(generator, values.storage(), low, high);
    return values;
}

Vector randn(Generator& generator, std::size_t size) {
    Vector values = Vector::from_shape({size});
    fill_normal(generator, values.storage());
    return values;
}

Matrix randn(Generator& generator, std::size_t rows, std::size_t columns) {
    Matrix values = Matrix::from_shape({rows, columns});
    fill_normal(generator, values.storage());
    return values;
}

xt::xtensor<std::int64_t, 1> randint(Generator& generator, std::int64_t low, std::int64_t high,
                                     std::size_t size) {
    if (high <= low) throw std::invalid_argument("randint: high must be greater than low");
    // The unsigned difference is correct even where the signed one would overflow.
    const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    const bool fits_32_bits = range <= std::numeric_limits<std::uint32_t>::max();

    auto values = xt::xtensor<std::int64_t, 1>::from_shape({size});
    for (std::int64_t& value : values) {
        const std::uint64_t draw = fits_32_bits ? generator.draw32() : generator.draw64();
        value = static_cast<std::int64_t>(draw % range + static_cast<std::uint64_t>(low));
    }
    return values;
}

}  // namespace torch
