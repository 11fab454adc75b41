// Rotary position embedding (RoPE): rotates pairs of a token's numbers by an angle that depends on the
// position. Source: Su et al., "RoFormer"; the layout of pairs is that of Llama's reference implementation.
// B = sequences in a batch, T = new tokens, H = heads, P = positions in the table
#pragma once
#include <complex>
#include <cstddef>

#include "common/tensor.hpp"

namespace ch6 {

using ComplexMatrix = xt::xtensor<std::complex<float>, 2>;

// One frequency for each pair of numbers of a head, in radians per position: theta^(-2i / head_dim).
// (head_dim / 2)
// Throws std::invalid_argument if head_dim is odd or 0.
Vector frequencies(std::size_t head_dim, float theta);

// torch.polar(length, position * frequency): the complex number that rotates by this angle. (P, head_dim / 2)
// Its length is 1, except with YaRN's attention_factor, which scales the rotated vectors.
ComplexMatrix rotation_table(const Vector& freqs, std::size_t positions, float length = 1.0f);

// Rotates x (B, T, H, head_dim), whose tokens are at positions from start_pos on. Pairs are neighbours, (2i,
// 2i + 1): each pair is a complex number, multiplied by the table's. Throws std::invalid_argument if the
// table is too short.
Tensor4 rotate(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

// The same with real numbers: (a, b) becomes (a cos - b sin, a sin + b cos).
Tensor4 rotate_by_2x2(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

// The other layout, Hugging Face's rotate_half: pairs are (i, i + head_dim / 2).
Tensor4 rotate_half_split(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

}  // namespace ch6
