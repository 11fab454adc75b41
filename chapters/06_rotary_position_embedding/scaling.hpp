// Extends RoPE to longer texts than the model's training texts: four ways to reduce its frequencies. Each
// takes the plain frequencies (head_dim / 2) and returns as many.
#pragma once
#include <cstddef>
#include <string>

#include "common/files/model_config.hpp"
#include "common/tensor.hpp"

namespace ch6 {

// Divides every frequency by the same factor, so positions move closer together. Source: Chen et al.,
// "position interpolation".
Vector linear_scaling(const Vector& freqs, float factor);

// Uses a larger theta: the highest frequency stays, and the lowest is divided by `factor`. Source: "NTK-aware
// scaled RoPE".
Vector ntk_scaling(std::size_t head_dim, float theta, float factor);

// Decides by wavelength: keeps frequencies of short wavelengths, divides those of long ones, and blends
// between. Source: Llama 3.1.
struct Llama3Scaling {
    float factor = 8.0f, low_freq_factor = 1.0f, high_freq_factor = 4.0f;
    float original_max_seq_len = 8192.0f;
};
Vector llama3_scaling(const Vector& freqs, const Llama3Scaling& scaling);

// Decides by the number of turns within the original length: over beta_fast it keeps a frequency, under
// beta_slow it divides it, and between it blends with a linear ramp over the pairs. Source: Peng et al.,
// "YaRN", with the constants of DeepSeek-V3.
struct YarnScaling {
    float factor = 40.0f, beta_fast = 32.0f, beta_slow = 1.0f;
    float original_max_seq_len = 4096.0f;
    bool truncate = true;  // the bounds of the ramp become whole numbers
};
Vector yarn_scaling(const Vector& freqs, float theta, const YarnScaling& scaling);

// The frequencies for a model's config: rope_theta and rope_scaling. YaRN's attention_factor is part of the
// rotation table, and the softmax factor of DeepSeek's YaRN is in chapter 7. Throws std::invalid_argument if
// the type of scaling is none of the four.
Vector model_frequencies(const ModelConfig& model, std::size_t head_dim);

// "kept", "divided" or "blended": how a scaling changed a frequency, if it divides by at most `factor`.
std::string region(float plain, float scaled, float factor);

}  // namespace ch6
