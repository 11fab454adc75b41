#include "scaling.hpp"

#include <cmath>

#include "common/tensor.hpp"

// Keeps, blends or divides each frequency: (head_dim / 2) -> (head_dim / 2)
Vector llama3_scaling(const Vector& freqs, const Scaling& scaling) {
    Vector scaled = freqs;
    for (std::size_t i = 0; i < freqs.size(); ++i) {
        const float wavelength = 1.0f / freqs(i);
        const float s = (scaling.length / wavelength - scaling.low_freq_factor) /
                        (scaling.high_freq_factor - scaling.low_freq_factor);
        if (wavelength < scaling.length / scaling.high_freq_factor) {
            scaled(i) = freqs(i);
        } else if (wavelength > scaling.length / scaling.low_freq_factor) {
            scaled(i) = freqs(i) / scaling.factor;
        } else {
            scaled(i) = (1.0f - s) * freqs(i) / scaling.factor + s * freqs(i);
        }
    }
    return scaled;
}
