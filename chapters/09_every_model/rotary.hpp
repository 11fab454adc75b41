// Rotary positions as models vary them: both layouts of pairs, a part of each head, and the scalings for long
// texts. Chapter 6 has the rotation and four of the scalings.
// B = sequences in a batch, T = tokens, H = heads
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "chapters/09_every_model/recipe.hpp"
#include "common/files/model_config.hpp"
#include "common/tensor.hpp"

namespace ch9 {

// Rotates the first rotary_dim numbers of each head of x (B, T, H, head_dim); the others stay. The tokens are
// at positions from start_pos on.
Tensor4 rotate(const Tensor4& x, const Rope& rope, std::size_t start_pos);

// What a config says about frequencies. The scaling's type is one of chapter 6's, "dynamic" or "longrope".
struct RopeFields {
    double theta = 10000;
    std::optional<RopeScaling> scaling;
    std::vector<double> short_factor, long_factor;  // longrope: one divisor for each frequency
};

// The frequencies (rotary_dim / 2) for a text of so many tokens. dynamic and longrope depend on the length,
// and the whole text has one length: all its keys have the same frequencies, however the text is split.
Vector frequencies(const RopeFields& fields, std::size_t rotary_dim, std::size_t tokens);

// Within the original length theta is unchanged. Beyond it theta grows with the length, so the lowest
// frequencies never meet an unknown angle: theta (factor T / original - (factor - 1))^(d / (d - 2)).
double dynamic_theta(const RopeFields& fields, std::size_t rotary_dim, std::size_t tokens);

}  // namespace ch9
