#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ch7 {

Tensor3 rms_norm(const Tensor3& x, const Vector& weight, float eps) {
    const std::size_t width = x.shape(2);
    if (weight.size() != width) {
        throw std::invalid_argument(
            fmt::format("rms_norm: the weight has {} elements, the tokens have {}", weight.size(), width));
    }
    Tensor3 normed = Tensor3::from_shape(x.shape());
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            float squares = 0.0f;
            for (std::size_t i = 0; i < width; ++i) squares += x(b, t, i) * x(b, t, i);
            const float root_mean_square = std::sqrt(squares / static_cast<float>(width) + eps);
            for (std::size_t i = 0; i < width; ++i) {
                normed(b, t, i) = x(b, t, i) / root_mean_square * weight(i);
            }
        }
    }
    return normed;
}

}  // namespace ch7
