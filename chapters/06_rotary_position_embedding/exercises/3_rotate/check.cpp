#include "common/exercise/check.hpp"

#include <complex>
#include <functional>

#include "chapters/06_rotary_position_embedding/rope.hpp"

using namespace exercise;

Tensor4 rotate(const Tensor4& x, const Vector& freqs, std::size_t start_pos);

namespace {

// The table of the opposite angles.
ch6::ComplexMatrix backwards(ch6::ComplexMatrix table) {
    for (std::complex<float>& rotation : table) rotation = std::conj(rotation);
    return table;
}

// The second number of a pair is computed from the new first one: (a cos - b sin) sin + b cos.
Tensor4 from_the_new_first(const Tensor4& x, const ch6::ComplexMatrix& table, std::size_t start_pos) {
    Tensor4 rotated = ch6::rotate(x, table, start_pos);
    for (std::size_t b = 0; b < x.shape(0); ++b)
        for (std::size_t t = 0; t < x.shape(1); ++t)
            for (std::size_t h = 0; h < x.shape(2); ++h)
                for (std::size_t i = 0; i < x.shape(3) / 2; ++i) {
                    const std::complex<float> rotation = table(start_pos + t, i);
                    rotated(b, t, h, 2 * i + 1) =
                        rotated(b, t, h, 2 * i) * rotation.imag() + x(b, t, h, 2 * i + 1) * rotation.real();
                }
    return rotated;
}

// Heads instead of tokens decide the position.
Tensor4 by_heads(const Tensor4& x, const ch6::ComplexMatrix& table, std::size_t start_pos) {
    return torch::transpose(ch6::rotate(torch::transpose(x, 1, 2), table, start_pos), 1, 2);
}

void check_rotation(const Tensor4& x, float theta, std::size_t start_pos) {
    const Vector freqs = ch6::frequencies(x.shape(3), theta);
    const ch6::ComplexMatrix table = ch6::rotation_table(freqs, start_pos + 20);
    given("x", x);
    given("freqs", freqs);
    given("start_pos", static_cast<double>(start_pos));
    check_tensor(
        "rotated", answer([&] { return rotate(x, freqs, start_pos); }), ch6::rotate(x, table, start_pos),
        {"B", "T", "H", "head_dim"},
        {{"rope-half-split", "the pairs are halves, (i, i + head_dim / 2)", "pair (2i, 2i + 1)",
          [&] { return ch6::rotate_half_split(x, table, start_pos); }},
         {"rope-other-direction",
          "everything is rotated in the other direction: (a cos + b sin, b cos - a sin)",
          "(a cos - b sin, a sin + b cos)", [&] { return ch6::rotate(x, backwards(table), start_pos); }},
         {"rope-without-start-pos", "the first token is treated as if it were at position 0", "start_pos + t",
          [&] { return ch6::rotate(x, table, 0); }},
         {"rope-first-overwritten",
          "the second number of a pair is computed from the new first one, not from the old",
          "read both numbers of a pair from x before you write one",
          [&] { return from_the_new_first(x, table, start_pos); }},
         {"rope-position-of-head", "the position grows with the head instead of the token", "start_pos + t",
          [&] { return by_heads(x, table, start_pos); }},
         {"rope-off-by-one", "positions are counted from 1", "the first token is at position start_pos",
          [&] { return ch6::rotate(x, table, start_pos + 1); }},
         {"rope-missing", "nothing is rotated", "the angle is position * freqs(i)", [&] { return x; }}});
}

}  // namespace

TEST("three tokens, two heads of four numbers") {
    check_rotation(random_tensor<4>(115, {2, 3, 2, 4}), 10000.0f, 0);
}

TEST("two tokens after five cached ones, theta 100") {
    check_rotation(random_tensor<4>(116, {1, 2, 3, 6}), 100.0f, 5);
}

TEST("one pair, far into the text") {
    check_rotation(random_tensor<4>(117, {1, 2, 2, 2}), 10000.0f, 1000);
}
