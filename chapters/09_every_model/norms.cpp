#include "chapters/09_every_model/norms.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

namespace ch9 {
namespace {

Tensor3 without_weight(const Tensor3& x, const Norm& norm) {
    if (norm.kind == Norm::Kind::layer) return layer_norm(x, norm.eps);
    const Vector ones = xt::ones<float>({x.shape(2)});
    return ch7::rms_norm(x, ones, norm.eps);
}

}  // namespace

Tensor3 layer_norm(const Tensor3& x, float eps) {
    const auto width = static_cast<float>(x.shape(2));
    Tensor3 normed = Tensor3::from_shape(x.shape());
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            float sum = 0.0f, squares = 0.0f;
            for (std::size_t i = 0; i < x.shape(2); ++i) sum += x(b, t, i);
            const float mean = sum / width;
            for (std::size_t i = 0; i < x.shape(2); ++i) {
                const float apart = x(b, t, i) - mean;
                squares += apart * apart;
            }
            const float deviation = std::sqrt(squares / width + eps);
            for (std::size_t i = 0; i < x.shape(2); ++i) normed(b, t, i) = (x(b, t, i) - mean) / deviation;
        }
    }
    return normed;
}

Tensor3 norm_tokens(const Tensor3& x, const Norm& norm, const Vector& weight,
                    const std::optional<Vector>& bias) {
    const float offset = norm.one_plus_weight ? 1.0f : 0.0f;
    const Tensor3 scaled = without_weight(x, norm) * (weight + offset);
    if (!bias) return scaled;
    return scaled + *bias;
}

Tensor4 qk_norm(const Tensor4& x, const QkNorm& choice, const Matrix& weight) {
    // Over the whole width, all heads of a token are one head.
    const std::size_t heads = weight.shape(0), width = weight.shape(1);
    if (heads * width != x.shape(2) * x.shape(3)) {
        throw std::invalid_argument(fmt::format("the norm's weight is {}, and a token has {} heads of {}",
                                                to_string(Shape{heads, width}), x.shape(2), x.shape(3)));
    }
    // Row r has head r % heads.
    const Tensor3 rows = torch::view<3>(x, {x.shape(0), x.shape(1) * heads, width});
    Tensor3 normed = without_weight(rows, choice.norm);
    const float offset = choice.norm.one_plus_weight ? 1.0f : 0.0f;
    for (std::size_t b = 0; b < rows.shape(0); ++b) {
        for (std::size_t r = 0; r < rows.shape(1); ++r) {
            for (std::size_t i = 0; i < width; ++i) normed(b, r, i) *= offset + weight(r % heads, i);
        }
    }
    return torch::view<4>(normed, x.shape());
}

}  // namespace ch9
