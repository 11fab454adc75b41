// Rotates the queries or keys of one head, for the bugs of positions. T = tokens
#pragma once
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/tensor.hpp"

namespace bug {

// (T, head_dim) as chapter 6 takes it: (1, T, 1, head_dim).
inline Tensor4 as_one_head(const Matrix& rows) {
    return torch::view<4>(rows, {1, rows.shape(0), 1, rows.shape(1)});
}

inline ch6::ComplexMatrix table_for(const Matrix& rows) {
    constexpr std::size_t positions = 64;
    constexpr float theta = 10000.0f;
    return ch6::rotation_table(ch6::frequencies(rows.shape(1), theta), positions);
}

// Rows (T, head_dim) at the positions from start_pos on. Pairs are neighbours, or halves.
inline Matrix rotate_neighbours(const Matrix& rows, std::size_t start_pos) {
    const Tensor4 rotated = ch6::rotate(as_one_head(rows), table_for(rows), start_pos);
    return torch::view<2>(rotated, {rows.shape(0), rows.shape(1)});
}
inline Matrix rotate_halves(const Matrix& rows, std::size_t start_pos) {
    const Tensor4 rotated = ch6::rotate_half_split(as_one_head(rows), table_for(rows), start_pos);
    return torch::view<2>(rotated, {rows.shape(0), rows.shape(1)});
}

}  // namespace bug
