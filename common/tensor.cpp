#include "common/tensor.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <xtensor-blas/xlinalg.hpp>

#include "common/any_tensor.hpp"

namespace {

template <class T>
std::string shape_of(const T& x) {
    return to_string(Shape(x.shape().begin(), x.shape().end()));
}

template <class A, class B>
void require(bool fits, const char* operation, const A& a, const B& b) {
    if (fits) return;
    throw std::invalid_argument(
        fmt::format("{}: the shapes {} and {} do not fit together", operation, shape_of(a), shape_of(b)));
}

}  // namespace

namespace torch {

template <>
Matrix matmul(const Matrix& a, const Matrix& b) {
    require(a.shape(1) == b.shape(0), "matmul", a, b);
    return xt::linalg::dot(a, b);
}

template <>
Tensor3 matmul(const Tensor3& a, const Tensor3& b) {
    require(a.shape(0) == b.shape(0) && a.shape(2) == b.shape(1), "matmul", a, b);
    Tensor3 product = Tensor3::from_shape({a.shape(0), a.shape(1), b.shape(2)});
    for (std::size_t i = 0; i < a.shape(0); ++i) {
        xt::view(product, i) = torch::matmul(torch::select(a, i), torch::select(b, i));
    }
    return product;
}

template <>
Tensor4 matmul(const Tensor4& a, const Tensor4& b) {
    require(a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1) && a.shape(3) == b.shape(2), "matmul", a, b);
    Tensor4 product = Tensor4::from_shape({a.shape(0), a.shape(1), a.shape(2), b.shape(3)});
    for (std::size_t i = 0; i < a.shape(0); ++i) {
        xt::view(product, i) = torch::matmul(torch::select(a, i), torch::select(b, i));
    }
    return product;
}

Tensor3 matmul(const Tensor3& a, const Matrix& b) {
    require(a.shape(2) == b.shape(0), "matmul", a, b);
    // The batch is one tall matrix: a single BLAS call serves all of it.
    const Matrix tall = torch::view<2>(a, {a.shape(0) * a.shape(1), a.shape(2)});
    return torch::view<3>(torch::matmul(tall, b), {a.shape(0), a.shape(1), b.shape(1)});
}

template <std::size_t N>
Tensor<N> transpose(const Tensor<N>& x, std::size_t axis_a, std::size_t axis_b) {
    std::array<std::size_t, N> order;
    for (std::size_t axis = 0; axis < N; ++axis) order[axis] = axis;
    std::swap(order.at(axis_a), order.at(axis_b));
    return xt::transpose(x, order);
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
    require(seen.size() == x.size(), "view", x, seen);
    std::copy(x.begin(), x.end(), seen.begin());
    return seen;
}
template Matrix view(const Vector&, const std::array<std::size_t, 2>&);
template Matrix view(const Tensor3&, const std::array<std::size_t, 2>&);
template Tensor3 view(const Matrix&, const std::array<std::size_t, 3>&);
template Tensor3 view(const Tensor4&, const std::array<std::size_t, 3>&);
template Tensor4 view(const Tensor3&, const std::array<std::size_t, 4>&);

Tensor3 stack(const Matrix& a, const Matrix& b) {
    require(a.shape() == b.shape(), "stack", a, b);
    return xt::stack(xt::xtuple(a, b), 0);
}

Tensor3 cat(const Tensor3& a, const Tensor3& b) {
    require(a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1), "cat", a, b);
    return xt::concatenate(xt::xtuple(a, b), 2);
}

template <std::size_t N>
Tensor<N - 1> select(const Tensor<N>& x, std::size_t index) {
    if (index >= x.shape(0)) {
        throw std::invalid_argument(fmt::format("select: {} has no slice {}", shape_of(x), index));
    }
    return xt::view(x, index);
}
template Vector select(const Matrix&, std::size_t);
template Matrix select(const Tensor3&, std::size_t);
template Tensor3 select(const Tensor4&, std::size_t);

template <std::size_t N>
Tensor<N> narrow(const Tensor<N>& x, std::size_t axis, std::size_t start, std::size_t length) {
    const std::size_t size = x.shape().at(axis);
    if (start > size || length > size - start) {
        throw std::invalid_argument(fmt::format("narrow: axis {} of {} has no slices {} to {}", axis,
                                                shape_of(x), start, start + length));
    }
    std::array<std::size_t, N> shape = x.shape();
    shape[axis] = length;
    Tensor<N> part = Tensor<N>::from_shape(shape);

    // What lies behind the axis is copied in blocks, as often as the axes before it say.
    std::size_t inner = 1;
    for (std::size_t i = axis + 1; i < N; ++i) inner *= x.shape(i);
    const std::size_t outer = x.size() / std::max<std::size_t>(1, size * inner);
    for (std::size_t i = 0; i < outer; ++i) {
        const float* block = x.data() + (i * size + start) * inner;
        std::copy(block, block + length * inner, part.data() + i * length * inner);
    }
    return part;
}
template Matrix narrow(const Matrix&, std::size_t, std::size_t, std::size_t);
template Tensor3 narrow(const Tensor3&, std::size_t, std::size_t, std::size_t);
template Tensor4 narrow(const Tensor4&, std::size_t, std::size_t, std::size_t);

}  // namespace torch

template <std::size_t N>
float largest_difference(const Tensor<N>& a, const Tensor<N>& b) {
    require(a.shape() == b.shape(), "largest_difference", a, b);
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
