#include "chapters/06_rotary_position_embedding/rope.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ch6 {
namespace {

// Replaces every pair by turn(pair, rotation). first(i) and second(i) are the columns of pair i in a head.
template <class First, class Second, class Turn>
Tensor4 turn_pairs(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos, First first,
                   Second second, Turn turn) {
    const std::size_t tokens = x.shape(1), pairs = x.shape(3) / 2;
    if (x.shape(3) != 2 * table.shape(1) || start_pos + tokens > table.shape(0)) {
        throw std::invalid_argument(fmt::format(
            "the rotation table has {} positions and {} pairs; {} positions and {} pairs are needed",
            table.shape(0), table.shape(1), start_pos + tokens, pairs));
    }
    Tensor4 turned = x;
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t h = 0; h < x.shape(2); ++h) {
                for (std::size_t i = 0; i < pairs; ++i) {
                    const std::complex<float> pair(x(b, t, h, first(i)), x(b, t, h, second(i)));
                    const std::complex<float> result = turn(pair, table(start_pos + t, i));
                    turned(b, t, h, first(i)) = result.real();
                    turned(b, t, h, second(i)) = result.imag();
                }
            }
        }
    }
    return turned;
}

// The columns of pair i if pairs are neighbours.
std::size_t even(std::size_t i) {
    return 2 * i;
}
std::size_t odd(std::size_t i) {
    return 2 * i + 1;
}

// (a + bi)(c + si) = (ac - bs) + (as + bc)i
std::complex<float> by_2x2(std::complex<float> pair, std::complex<float> rotation) {
    const float a = pair.real(), b = pair.imag(), cos = rotation.real(), sin = rotation.imag();
    return {a * cos - b * sin, a * sin + b * cos};
}

}  // namespace

Vector frequencies(std::size_t head_dim, float theta) {
    if (head_dim == 0 || head_dim % 2 != 0) {
        throw std::invalid_argument(fmt::format("RoPE rotates pairs: head_dim = {} is not even", head_dim));
    }
    Vector freqs = Vector::from_shape({head_dim / 2});
    for (std::size_t i = 0; i < freqs.size(); ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
        freqs(i) = 1.0f / std::pow(theta, exponent);
    }
    return freqs;
}

ComplexMatrix rotation_table(const Vector& freqs, std::size_t positions, float length) {
    ComplexMatrix table = ComplexMatrix::from_shape({positions, freqs.size()});
    for (std::size_t m = 0; m < positions; ++m) {
        for (std::size_t i = 0; i < freqs.size(); ++i) {
            const float angle = static_cast<float>(m) * freqs(i);
            table(m, i) = {length * std::cos(angle), length * std::sin(angle)};
        }
    }
    return table;
}

Tensor4 rotate(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos) {
    const auto multiply = [](std::complex<float> pair, std::complex<float> rotation) {
        return pair * rotation;
    };
    return turn_pairs(x, table, start_pos, even, odd, multiply);
}

Tensor4 rotate_by_2x2(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos) {
    return turn_pairs(x, table, start_pos, even, odd, by_2x2);
}

Tensor4 rotate_half_split(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos) {
    const std::size_t half = x.shape(3) / 2;
    const auto lower = [](std::size_t i) { return i; };
    const auto upper = [half](std::size_t i) { return i + half; };
    return turn_pairs(x, table, start_pos, lower, upper, by_2x2);
}

}  // namespace ch6
