#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"

namespace ch3 {

MaskMatrix future_mask(std::size_t tokens) {
    MaskMatrix mask = MaskMatrix::from_shape({tokens, tokens});
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t j = 0; j < tokens; ++j) mask(i, j) = j > i;
    }
    return mask;
}

Matrix mask_simple(std::size_t tokens) {
    const MaskMatrix future = future_mask(tokens);
    return xt::where(future, 0.0f, 1.0f);
}

Matrix renormalize(const Matrix& masked_weights) {
    const Matrix row_sums = xt::sum(masked_weights, {1}, xt::keep_dims);
    return masked_weights / row_sums;
}

template <std::size_t N>
Tensor<N> masked_fill(const Tensor<N>& scores, const MaskMatrix& mask, True meaning) {
    const bool hiding_value = meaning == True::hides;
    return xt::where(xt::equal(mask, hiding_value), -std::numeric_limits<float>::infinity(), scores);
}
template Matrix masked_fill(const Matrix&, const MaskMatrix&, True);
template Tensor3 masked_fill(const Tensor3&, const MaskMatrix&, True);
template Tensor4 masked_fill(const Tensor4&, const MaskMatrix&, True);

template <std::size_t N>
Tensor<N> masked_softmax(const Tensor<N>& masked_scores) {
    constexpr float hidden = -std::numeric_limits<float>::infinity();
    const Tensor<N> weights = ch1::softmax(masked_scores);

    // In a fully masked row softmax gives NaN, and every score of the row is -inf. So this line makes the NaN
    // 0.
    return xt::where(xt::equal(masked_scores, hidden), 0.0f, weights);
}
template Matrix masked_softmax(const Matrix&);
template Tensor3 masked_softmax(const Tensor3&);
template Tensor4 masked_softmax(const Tensor4&);

}  // namespace ch3
