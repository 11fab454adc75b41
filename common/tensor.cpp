#include "common/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/shapes_fit.hpp"
#include "common/view.hpp"

namespace torch {

template <std::size_t N>
Tensor<N> transpose(const Tensor<N>& x, std::size_t axis_a, std::size_t axis_b) {
    return View<N>(x).transpose(axis_a, axis_b);
}
template Matrix transpose(const Matrix&, std::size_t, std::size_t);
template Tensor3 transpose(const Tensor3&, std::size_t, std::size_t);
template Tensor4 transpose(const Tensor4&, std::size_t, std::size_t);

Matrix transpose(const Matrix& x) {
    return torch::transpose<2>(x, 0, 1);
}

template <std::size_t M, std::size_t N>
Tensor<M> view(const Tensor<N>& x, const std::array<std::size_t, M>& shape) {
    Tensor<M> seen = Tensor<M>::from_shape(shape);
    require_fit(seen.size() == x.size(), "view", x, seen);
    std::copy(x.begin(), x.end(), seen.begin());
    return seen;
}
template Vector view(const Matrix&, const std::array<std::size_t, 1>&);
template Vector view(const Tensor4&, const std::array<std::size_t, 1>&);
template Matrix view(const Vector&, const std::array<std::size_t, 2>&);
template Matrix view(const Tensor3&, const std::array<std::size_t, 2>&);
template Matrix view(const Tensor4&, const std::array<std::size_t, 2>&);
template Tensor3 view(const Matrix&, const std::array<std::size_t, 3>&);
template Tensor3 view(const Tensor4&, const std::array<std::size_t, 3>&);
template Tensor4 view(const Vector&, const std::array<std::size_t, 4>&);
template Tensor4 view(const Matrix&, const std::array<std::size_t, 4>&);
template Tensor4 view(const Tensor3&, const std::array<std::size_t, 4>&);
template Tensor4 view(const Tensor<5>&, const std::array<std::size_t, 4>&);

Tensor3 stack(const Matrix& a, const Matrix& b) {
    require_fit(a.shape() == b.shape(), "stack", a, b);
    return xt::stack(xt::xtuple(a, b), 0);
}

Tensor3 cat(const Tensor3& a, const Tensor3& b) {
    require_fit(a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1), "cat", a, b);
    return xt::concatenate(xt::xtuple(a, b), 2);
}

template <std::size_t N>
Tensor<N - 1> select(const Tensor<N>& x, std::size_t index) {
    if (index >= x.shape(0)) {
        throw std::invalid_argument(fmt::format("select: {} has no slice {}", shape_text(x), index));
    }
    return xt::view(x, index);
}
template Vector select(const Matrix&, std::size_t);
template Matrix select(const Tensor3&, std::size_t);
template Tensor3 select(const Tensor4&, std::size_t);

template <std::size_t N>
Tensor<N> narrow(const Tensor<N>& x, std::size_t axis, std::size_t start, std::size_t length) {
    return View<N>(x).narrow(axis, start, length);
}
template Vector narrow(const Vector&, std::size_t, std::size_t, std::size_t);
template Matrix narrow(const Matrix&, std::size_t, std::size_t, std::size_t);
template Tensor3 narrow(const Tensor3&, std::size_t, std::size_t, std::size_t);
template Tensor4 narrow(const Tensor4&, std::size_t, std::size_t, std::size_t);

}  // namespace torch

template <std::size_t N>
std::optional<Tensor<N>> float_tensor(const AnyTensor& tensor) {
    const auto* floats = std::get_if<std::vector<float>>(&tensor.values);
    if (!floats || tensor.shape.size() != N) return std::nullopt;
    std::array<std::size_t, N> shape{};
    std::copy(tensor.shape.begin(), tensor.shape.end(), shape.begin());
    Tensor<N> values = Tensor<N>::from_shape(shape);
    std::copy(floats->begin(), floats->end(), values.begin());
    return values;
}
template std::optional<Vector> float_tensor<1>(const AnyTensor&);
template std::optional<Matrix> float_tensor<2>(const AnyTensor&);
template std::optional<Tensor3> float_tensor<3>(const AnyTensor&);
template std::optional<Tensor4> float_tensor<4>(const AnyTensor&);

template <std::size_t N>
float largest_difference(const Tensor<N>& a, const Tensor<N>& b) {
    require_fit(a.shape() == b.shape(), "largest_difference", a, b);
    float largest = 0.0f;
    for (auto in_a = a.begin(), in_b = b.begin(); in_a != a.end(); ++in_a, ++in_b) {
        if (*in_a == *in_b || (std::isnan(*in_a) && std::isnan(*in_b))) continue;
        const float difference = std::abs(*in_a - *in_b);
        if (std::isnan(difference)) return std::numeric_limits<float>::infinity();
        largest = std::max(largest, difference);
    }
    return largest;
}
template float largest_difference(const Vector&, const Vector&);
template float largest_difference(const Matrix&, const Matrix&);
template float largest_difference(const Tensor3&, const Tensor3&);
template float largest_difference(const Tensor4&, const Tensor4&);
