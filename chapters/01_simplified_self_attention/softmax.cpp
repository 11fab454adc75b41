#include "chapters/01_simplified_self_attention/softmax.hpp"

namespace ch1 {

Vector naive_softmax(const Vector& scores) {
    const Vector powers = xt::exp(scores);
    const float total = xt::sum(powers)();
    return powers / total;
}

template <std::size_t N>
Tensor<N> softmax(const Tensor<N>& scores) {
    // Each line ends in a container, because xtensor would misread a lazy maximum or sum inside the next
    // line.
    const Tensor<N> largest = xt::amax(scores, {N - 1}, xt::keep_dims);
    const Tensor<N> powers = xt::exp(scores - largest);
    const Tensor<N> total = xt::sum(powers, {N - 1}, xt::keep_dims);
    return powers / total;
}
template Vector softmax(const Vector&);
template Matrix softmax(const Matrix&);
template Tensor3 softmax(const Tensor3&);
template Tensor4 softmax(const Tensor4&);

}  // namespace ch1
