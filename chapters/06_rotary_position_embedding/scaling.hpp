// Stretching RoPE to longer texts than a model was trained on: four ways to slow its frequencies down.
// All take the plain frequencies (head_dim / 2) and give as many.
#pragma once
#include <cstddef>
#include <string>

#include "common/files/model_config.hpp"
#include "common/tensor.hpp"

namespace ch6 {

// Every frequency divided alike: positions are squeezed together. Source: Chen et al., "position
// interpolation".
Vector linear_scaling(const Vector& freqs, float factor);

// A larger theta: high frequencies stay, the lowest is divided by `factor`. Source: "NTK-aware scaled RoPE".
Vector ntk_scaling(std::size_t head_dim, float theta, float factor);

// By wavelength: short ones kept, long ones divided, between them a blend. Source: Llama 3.1.
struct Llama3Scaling {
    float factor = 8.0f, low_freq_factor = 1.0f, high_freq_factor = 4.0f;
    float original_max_seq_len = 8192.0f;
};
Vector llama3_scaling(const Vector& freqs, const Llama3Scaling& scaling);

// By the number of turns within the original length: over beta_fast kept, under beta_slow divided, between
// them a linear ramp over the pairs. Source: Peng et al., "YaRN", with the constants of DeepSeek-V3.
struct YarnScaling {
    float factor = 40.0f, beta_fast = 32.0f, beta_slow = 1.0f;
    float original_max_seq_len = 4096.0f;
    bool truncate = true;  // the bounds of the ramp become whole numbers
};
Vector yarn_scaling(const Vector& freqs, float theta, const YarnScaling& scaling);

// The frequencies that a model's config asks for: rope_theta and rope_scaling. YaRN's attention_factor goes
// into the rotation table, the softmax factor of DeepSeek's YaRN is chapter 7's. Throws std::invalid_argument
// for a kind of scaling that is none of the four.
Vector model_frequencies(const ModelConfig& model, std::size_t head_dim);

// "kept", "divided" or "blended": what became of a frequency, given the largest division there is.
std::string region(float plain, float scaled, float factor);

}  // namespace ch6
