// The small floating-point formats of weights, widened to float32: every value of theirs is one of float32.
// And the way back to the smallest of them, which rounds.
#pragma once
#include <cstdint>

// IEEE binary16: 1 sign, 5 exponent and 10 fraction bits.
float half_to_float(std::uint16_t bits);

// The upper half of a float32: 1 sign, 8 exponent and 7 fraction bits.
float bfloat16_to_float(std::uint16_t bits);

// 8 bits: 1 sign, 4 exponent and 3 fraction bits (torch.float8_e4m3fn). It has no infinities, and NaN is
// 0x7f or 0xff alone, so that it reaches 448.
float e4m3_to_float(std::uint8_t bits);

// The E4M3 number nearest to `value`, of two equally near ones the even one, as .to(torch.float8_e4m3fn)
// gives it. What would round to more than 448 becomes NaN.
std::uint8_t float_to_e4m3(float value);
