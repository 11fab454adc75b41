// Rotary position embedding (RoPE): a token's place in the sentence becomes an angle by which pairs of its
// numbers are turned. Source: Su et al., "RoFormer"; layout of pairs as in Llama's reference implementation.
// B = sequences in a batch, T = new tokens, H = heads, P = positions in the table
#pragma once
#include <complex>
#include <cstddef>

#include "common/tensor.hpp"

namespace ch6 {

using ComplexMatrix = xt::xtensor<std::complex<float>, 2>;

// One angle for each pair of numbers of a head, in radians per position: theta^(-2i / head_dim). (head_dim /
// 2) Throws std::invalid_argument if head_dim is odd or 0.
Vector frequencies(std::size_t head_dim, float theta);

// torch.polar(length, position * frequency): the number that rotates by that angle. (P, head_dim / 2) Its
// length is 1, but for YaRN's attention_factor, by which rotated vectors are enlarged.
ComplexMatrix rotation_table(const Vector& freqs, std::size_t positions, float length = 1.0f);

// x (B, T, H, head_dim), whose tokens stand at start_pos and after. Pairs are neighbours, (2i, 2i + 1), read
// as one complex number and multiplied by the table's. Throws std::invalid_argument if the table is too
// short.
Tensor4 rotate(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

// The same written out in real numbers: (a, b) becomes (a cos - b sin, a sin + b cos).
Tensor4 rotate_by_2x2(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

// The other layout, Hugging Face's rotate_half: pairs are (i, i + head_dim / 2).
Tensor4 rotate_half_split(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos);

}  // namespace ch6
