#include <cmath>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Rotates each pair of neighbours (2i, 2i + 1) by position * freqs(i). The tokens of x are at the positions
// from start_pos on. x (B, T, H, head_dim), freqs (head_dim / 2) -> (B, T, H, head_dim)
Tensor4 rotate(const Tensor4& x, const Vector& freqs, std::size_t start_pos) {
    Tensor4 rotated = x;

    // x(b, t, h, d) is one number, and freqs.size() is head_dim / 2. std::cos and std::sin take radians. Your
    // code replaces the next line.
    throw exercise::Missing("each pair (a, b) must become (a cos - b sin, a sin + b cos)");

    return rotated;
}
