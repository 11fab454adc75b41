#include "common/exercise/check.hpp"

#include <algorithm>
#include <functional>
#include <numbers>

#include "chapters/06_rotary_position_embedding/exercises/8_longer_texts/scaling.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/06_rotary_position_embedding/scaling.hpp"

using namespace exercise;

Vector llama3_scaling(const Vector& freqs, const Scaling& scaling);

namespace {

// The scaling with another share s of the plain frequency. share(s) is given the s of the formula, which is
// above 1 for short wavelengths and below 0 for long ones.
Vector with_share(const Vector& freqs, const Scaling& scaling, const std::function<float(float)>& share) {
    Vector scaled = freqs;
    for (float& freq : scaled) {
        const float wavelength = 2.0f * std::numbers::pi_v<float> / freq;
        const float s = share((scaling.length / wavelength - scaling.low_freq_factor) /
                              (scaling.high_freq_factor - scaling.low_freq_factor));
        freq = (1.0f - s) * freq / scaling.factor + s * freq;
    }
    return scaled;
}

float clamped(float s) {
    return std::clamp(s, 0.0f, 1.0f);
}

void check_frequencies(const Vector& freqs, const Scaling& scaling) {
    const auto with = [&](const std::function<float(float)>& share) {
        return [=]() -> AnyTensor { return with_share(freqs, scaling, share); };
    };
    given("freqs", freqs);
    given("factor", scaling.factor);
    given("low_freq_factor", scaling.low_freq_factor);
    given("high_freq_factor", scaling.high_freq_factor);
    given("length", scaling.length);
    check_tensor("scaled", answer([&] { return llama3_scaling(freqs, scaling); }),
                 ch6::llama3_scaling(freqs, {.factor = scaling.factor,
                                             .low_freq_factor = scaling.low_freq_factor,
                                             .high_freq_factor = scaling.high_freq_factor,
                                             .original_max_seq_len = scaling.length}),
                 {"head_dim / 2"},
                 {{"scaling-linear", "all frequencies are divided: this is linear scaling",
                   "short wavelengths stay", with([](float) { return 0.0f; })},
                  {"scaling-swapped", "short wavelengths are divided and long ones stay",
                   "a high frequency has a short wavelength", with([](float s) {
                       return s > 1.0f ? 0.0f : s < 0.0f ? 1.0f : s;
                   })},
                  {"scaling-blend-swapped",
                   "in the blend, s is the share of the divided frequency instead of the plain one",
                   "(1 - s) · f / factor + s · f", with([](float s) {
                       return s > 1.0f ? 1.0f : s < 0.0f ? 0.0f : 1.0f - s;
                   })},
                  {"scaling-without-blend", "the frequencies between are divided, not blended",
                   "the third case", with([](float s) { return s > 1.0f ? 1.0f : 0.0f; })},
                  {"scaling-without-blend", "the frequencies between stay, they are not blended",
                   "the third case", with([](float s) { return s < 0.0f ? 0.0f : 1.0f; })},
                  {"scaling-without-cases", "every frequency is blended, with an s above 1 or below 0",
                   "the first two cases", with([](float s) { return s; })},
                  {"scaling-without-2-pi", "the wavelength is 1 / f", "a full rotation is 2π radians",
                   [&]() -> AnyTensor {
                       Scaling shorter = scaling;
                       shorter.length *= 2.0f * std::numbers::pi_v<float>;
                       return with_share(freqs, shorter, clamped);
                   }}});
}

}  // namespace

TEST("Llama 3.1: a head of 16 numbers, theta 500000") {
    check_frequencies(ch6::frequencies(16, 500000.0f), {});
}

TEST("Llama 3.2: factor 32") {
    check_frequencies(ch6::frequencies(24, 500000.0f), {.factor = 32.0f});
}

TEST("short texts: all three cases within six pairs") {
    check_frequencies(ch6::frequencies(12, 100.0f),
                      {.factor = 4.0f, .low_freq_factor = 1.0f, .high_freq_factor = 3.0f, .length = 60.0f});
}
