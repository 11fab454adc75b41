// Positions for this attention: the table that rotates q_pe and k_pe, and the softmax scale. If a text may be
// longer than in training, YaRN (chapter 6) changes both. Source: DeepSeek-V3's model.py.
// P = positions in the table
#pragma once
#include <cstddef>
#include <optional>

#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/06_rotary_position_embedding/scaling.hpp"
#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "common/tensor.hpp"

namespace ch7 {

struct Yarn {
    ch6::YarnScaling scaling = {};  // which frequencies it keeps, blends or divides
    float mscale = 1.0f;            // how much sharper the softmax becomes; 0: not at all
    float rotation_scale = 1.0f;    // a factor for cosines and sines; 1 in DeepSeek's own code
};

struct Positions {
    ch6::ComplexMatrix table;  // (P, qk_rope_head_dim / 2)
    float softmax_scale;       // the factor of the scores
};

// The frequencies of q_pe and k_pe, in radians per position: (qk_rope_head_dim / 2).
Vector frequencies(const Config& config, float theta, const std::optional<Yarn>& yarn);

// 1 / sqrt(qk_nope_head_dim + qk_rope_head_dim), times (0.1 mscale ln(factor) + 1)² with YaRN.
float softmax_scale(const Config& config, const std::optional<Yarn>& yarn);

// Both, for the positions 0 to `positions` - 1.
Positions positions(const Config& config, float theta, const std::optional<Yarn>& yarn,
                    std::size_t positions);

}  // namespace ch7
