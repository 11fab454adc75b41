#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/06_rotary_position_embedding/rope.hpp"

using namespace exercise;

Vector frequencies(std::size_t head_dim, float theta);

namespace {

// theta^(power * i / head_dim) for the first `count` pairs.
Vector with_power(float power, std::size_t head_dim, float theta, std::size_t count) {
    Vector freqs = Vector::from_shape({count});
    for (std::size_t i = 0; i < count; ++i)
        freqs(i) = std::pow(theta, power * static_cast<float>(i) / static_cast<float>(head_dim));
    return freqs;
}

void check_frequencies(std::size_t head_dim, float theta) {
    const std::size_t pairs = head_dim / 2;
    given("head_dim", static_cast<double>(head_dim));
    given("theta", theta);
    check_tensor(
        "freqs", answer([&] { return frequencies(head_dim, theta); }), ch6::frequencies(head_dim, theta),
        {"head_dim / 2"},
        {{"exponent-of-whole-numbers", "2 * i / head_dim is divided as whole numbers, so every exponent is 0",
          "make floats of both before you divide", [&] { return with_power(0.0f, head_dim, theta, pairs); }},
         {"rope-exponent", "the exponent is i / head_dim instead of 2i / head_dim", "a pair is two numbers",
          [&] { return with_power(-1.0f, head_dim, theta, pairs); }},
         {"rope-exponent-sign", "the exponent is positive, so later pairs rotate faster",
          "1 / theta^(2i / head_dim)", [&] { return with_power(2.0f, head_dim, theta, pairs); }},
         {"frequency-for-each-number",
          "there is a frequency for each number of the head instead of each pair", "head_dim / 2",
          [&] { return with_power(-2.0f, head_dim, theta, head_dim); }},
         {"rope-theta", "theta is always 10000", "the argument theta",
          [&] { return ch6::frequencies(head_dim, 10000.0f); }}});
}

}  // namespace

TEST("a head of 10 numbers, theta 10000") {
    check_frequencies(10, 10000.0f);
}

TEST("a head of 6 numbers, Llama 3's theta 500000") {
    check_frequencies(6, 500000.0f);
}

TEST("a single pair") {
    check_frequencies(2, 100.0f);
}
