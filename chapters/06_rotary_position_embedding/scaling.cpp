#include "chapters/06_rotary_position_embedding/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "chapters/06_rotary_position_embedding/rope.hpp"

namespace ch6 {

Vector linear_scaling(const Vector& freqs, float factor) {
    return freqs / factor;
}

Vector ntk_scaling(std::size_t head_dim, float theta, float factor) {
    const double d = static_cast<double>(head_dim);
    const double larger_theta =
        static_cast<double>(theta) * std::pow(static_cast<double>(factor), d / (d - 2.0));
    return frequencies(head_dim, static_cast<float>(larger_theta));
}

Vector llama3_scaling(const Vector& freqs, const Llama3Scaling& scaling) {
    const float longest_kept = scaling.original_max_seq_len / scaling.high_freq_factor;
    const float shortest_divided = scaling.original_max_seq_len / scaling.low_freq_factor;
    Vector scaled = freqs;
    for (float& freq : scaled) {
        const float wavelength = 2.0f * std::numbers::pi_v<float> / freq;
        if (wavelength < longest_kept) continue;
        if (wavelength > shortest_divided) {
            freq = freq / scaling.factor;
        } else {
            // The place between the two bounds: 1 keeps the frequency, 0 divides it.
            const float smooth = (scaling.original_max_seq_len / wavelength - scaling.low_freq_factor) /
                                 (scaling.high_freq_factor - scaling.low_freq_factor);
            freq = (1.0f - smooth) * freq / scaling.factor + smooth * freq;
        }
    }
    return scaled;
}

Vector yarn_scaling(const Vector& freqs, float theta, const YarnScaling& scaling) {
    // The pair that makes `turns` full turns within the original length.
    const double head_dim = 2.0 * static_cast<double>(freqs.size());
    const auto pair_with = [&](float turns) {
        const double length_per_turn =
            static_cast<double>(scaling.original_max_seq_len) / (turns * 2.0 * std::numbers::pi);
        return head_dim * std::log(length_per_turn) / (2.0 * std::log(static_cast<double>(theta)));
    };
    const double first = pair_with(scaling.beta_fast), last = pair_with(scaling.beta_slow);
    const double low = std::max(scaling.truncate ? std::floor(first) : first, 0.0);
    double high = std::min(scaling.truncate ? std::ceil(last) : last, head_dim - 1.0);
    if (high == low) high += 0.001;

    Vector scaled = freqs;
    for (std::size_t i = 0; i < freqs.size(); ++i) {
        const auto ramp = static_cast<float>((static_cast<double>(i) - low) / (high - low));
        const float smooth = 1.0f - std::clamp(ramp, 0.0f, 1.0f);
        scaled(i) = freqs(i) / scaling.factor * (1.0f - smooth) + freqs(i) * smooth;
    }
    return scaled;
}

Vector model_frequencies(const ModelConfig& model, std::size_t head_dim) {
    const auto theta = static_cast<float>(model.rope_theta);
    const Vector plain = frequencies(head_dim, theta);
    if (!model.rope_scaling) return plain;

    const RopeScaling& scaling = *model.rope_scaling;
    const auto factor = static_cast<float>(scaling.factor);
    const auto original = static_cast<float>(scaling.original_max_seq_len);
    if (scaling.type == "linear") return linear_scaling(plain, factor);
    if (scaling.type == "ntk") return ntk_scaling(head_dim, theta, factor);
    if (scaling.type == "llama3") {
        return llama3_scaling(plain, {.factor = factor,
                                      .low_freq_factor = static_cast<float>(scaling.low_freq_factor),
                                      .high_freq_factor = static_cast<float>(scaling.high_freq_factor),
                                      .original_max_seq_len = original});
    }
    if (scaling.type == "yarn") {
        return yarn_scaling(plain, theta,
                            {.factor = factor,
                             .beta_fast = static_cast<float>(scaling.beta_fast),
                             .beta_slow = static_cast<float>(scaling.beta_slow),
                             .original_max_seq_len = original,
                             .truncate = scaling.truncate});
    }
    throw std::invalid_argument("rope_scaling of type " + scaling.type +
                                " is none of linear, ntk, llama3, yarn");
}

std::string region(float plain, float scaled, float factor) {
    constexpr float rounding = 1e-5f;
    const float division = plain / scaled;
    if (std::abs(division - 1.0f) < rounding) return "kept";
    if (std::abs(division - factor) < rounding * factor) return "divided";
    return "blended";
}

}  // namespace ch6
