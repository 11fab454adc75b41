// Converts the small floating-point formats of weights to float32. This is exact: float32 has every value of
// these formats. The conversion back to the smallest format, E4M3, rounds.
#pragma once
#include <cstdint>

// IEEE binary16: 1 sign, 5 exponent and 10 fraction bits.
float half_to_float(std::uint16_t bits);

// The upper half of a float32: 1 sign, 8 exponent and 7 fraction bits.
float bfloat16_to_float(std::uint16_t bits);

// 8 bits: 1 sign, 4 exponent and 3 fraction bits (torch.float8_e4m3fn). It has no infinities, and only 0x7f
// and 0xff are NaN. So its largest value is 448.
float e4m3_to_float(std::uint8_t bits);

// Rounds `value` to the nearest E4M3 number, ties to even, as .to(torch.float8_e4m3fn) does. A value that
// would round to more than 448 becomes NaN.
std::uint8_t float_to_e4m3(float value);
