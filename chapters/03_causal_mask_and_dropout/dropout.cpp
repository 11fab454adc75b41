#include "chapters/03_causal_mask_and_dropout/dropout.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace ch3 {

template <std::size_t N>
Tensor<N> Dropout::operator()(const Tensor<N>& x, torch::Generator& generator) const {
    if (!(p >= 0.0 && p <= 1.0)) throw std::invalid_argument("dropout: p must be between 0 and 1");
    // Nothing is dropped, so the generator draws no number.
    if (mode == Mode::eval || p == 0.0) return x;
    if (p == 1.0) return x * 0.0f;

    const double keep_probability = 1.0 - p;
    const std::vector<bool> keep = torch::dropout_mask(generator, x.size(), keep_probability, build);

    // The factor 1/(1-p) keeps the expected sum: with p = 0.5, every kept value doubles.
    const float factor = 1.0f / static_cast<float>(keep_probability);
    Tensor<N> y = x;
    std::transform(x.begin(), x.end(), keep.begin(), y.begin(),
                   [factor](float value, bool kept) { return value * (kept ? factor : 0.0f); });
    return y;
}
template Vector Dropout::operator()(const Vector&, torch::Generator&) const;
template Matrix Dropout::operator()(const Matrix&, torch::Generator&) const;
template Tensor3 Dropout::operator()(const Tensor3&, torch::Generator&) const;
template Tensor4 Dropout::operator()(const Tensor4&, torch::Generator&) const;

}  // namespace ch3
