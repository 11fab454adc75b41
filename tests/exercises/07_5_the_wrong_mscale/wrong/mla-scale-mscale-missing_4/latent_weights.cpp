#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"
#include "yarn.hpp"

// How much larger YaRN makes queries or keys: 1 if texts are not longer than in training.
float yarn_get_mscale(float factor, float mscale) {
    return factor <= 1.0f ? 1.0f : 0.1f * mscale * std::log(factor) + 1.0f;
}

// The factor of the cosines and sines. It is divided by what all dimensions get.
float rotation_scale(const Yarn& yarn) {
    return yarn_get_mscale(yarn.factor, yarn.mscale) / yarn_get_mscale(yarn.factor, yarn.mscale_all_dim);
}

// The factor of the scores: queries and keys each get the mscale, so it is squared.
float softmax_scale(std::size_t qk_head_dim, const Yarn& yarn) {
    const float mscale = yarn_get_mscale(yarn.factor, 0.0f * yarn.mscale_all_dim);
    return mscale * mscale / std::sqrt(static_cast<float>(qk_head_dim));
}

// The attention weights of each query: softmax of its scaled scores. (T, S) -> (T, S)
Matrix latent_weights(const Matrix& scores, std::size_t qk_head_dim, const Yarn& yarn) {
    const Matrix scaled = scores * softmax_scale(qk_head_dim, yarn);
    return ch1::softmax(scaled);
}
