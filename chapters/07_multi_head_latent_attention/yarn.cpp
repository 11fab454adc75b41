#include "chapters/07_multi_head_latent_attention/yarn.hpp"

#include <cmath>

namespace ch7 {

Vector frequencies(const Config& config, float theta, const std::optional<Yarn>& yarn) {
    const Vector plain = ch6::frequencies(config.qk_rope_head_dim, theta);
    return yarn ? ch6::yarn_scaling(plain, theta, yarn->scaling) : plain;
}

float softmax_scale(const Config& config, const std::optional<Yarn>& yarn) {
    const double plain = 1.0 / std::sqrt(static_cast<double>(config.qk_head_dim()));
    if (!yarn || yarn->scaling.factor <= 1.0f) return static_cast<float>(plain);

    // One factor for the query and one for the key, so the factor is squared.
    const double factor = static_cast<double>(yarn->scaling.factor);
    const double sharpening = 0.1 * static_cast<double>(yarn->mscale) * std::log(factor) + 1.0;
    return static_cast<float>(plain * sharpening * sharpening);
}

Positions positions(const Config& config, float theta, const std::optional<Yarn>& yarn,
                    std::size_t positions) {
    ch6::ComplexMatrix table = ch6::rotation_table(frequencies(config, theta, yarn), positions);
    if (yarn) table *= yarn->rotation_scale;
    return {table, softmax_scale(config, yarn)};
}

}  // namespace ch7
