#include "common/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <xtensor-blas/xlinalg.hpp>

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

// A matrix in memory that another object owns.
template <class Float>
auto matrix_at(Float* start, std::size_t rows, std::size_t columns) {
    return xt::adapt(start, rows * columns, xt::no_ownership(), std::array<std::size_t, 2>{rows, columns});
}

template <class Float>
auto vector_at(Float* start, std::size_t size) {
    return xt::adapt(start, size, xt::no_ownership(), std::array<std::size_t, 1>{size});
}

template <std::size_t N>
bool same_stacks(const Tensor<N>& a, const Tensor<N>& b) {
    return std::equal(a.shape().begin(), a.shape().end() - 2, b.shape().begin());
}

// a @ b, or a @ b.T, for each pair of matrices: one BLAS call for each pair, without a copy.
template <std::size_t N>
Tensor<N> product_of_stacks(const Tensor<N>& a, const Tensor<N>& b, std::size_t columns, bool b_transposed) {
    const std::size_t rows = a.shape(N - 2), inner = a.shape(N - 1);
    std::array<std::size_t, N> shape = a.shape();
    shape[N - 1] = columns;
    Tensor<N> product = Tensor<N>::from_shape(shape);
    // Some gemv multiply the old contents by 0, and 0 times NaN is NaN.
    if (rows == 1 || inner == 0) product.fill(0.0f);

    const std::size_t pairs = product.size() / std::max<std::size_t>(1, rows * columns);
    for (std::size_t i = 0; i < pairs && inner > 0; ++i) {
        const auto right = matrix_at(b.data() + i * inner * columns, b.shape(N - 2), b.shape(N - 1));
        if (rows == 1) {
            // For one row, gemm would first copy all of b into blocks, which takes longer than the product.
            auto result = vector_at(product.data() + i * columns, columns);
            xt::blas::gemv(right, vector_at(a.data() + i * inner, inner), result, !b_transposed);
        } else {
            const auto left = matrix_at(a.data() + i * rows * inner, rows, inner);
            auto result = matrix_at(product.data() + i * rows * columns, rows, columns);
            xt::blas::gemm(left, right, result, false, b_transposed);
        }
    }
    return product;
}

// The number of elements in the axes from `first` to `last`, without `last`.
template <std::size_t N>
std::size_t span(const Tensor<N>& x, std::size_t first, std::size_t last) {
    std::size_t elements = 1;
    for (std::size_t axis = first; axis < last; ++axis) elements *= x.shape(axis);
    return elements;
}

}  // namespace

namespace torch {

template <std::size_t N>
Tensor<N> matmul(const Tensor<N>& a, const Tensor<N>& b) {
    require(same_stacks(a, b) && a.shape(N - 1) == b.shape(N - 2), "matmul", a, b);
    return product_of_stacks(a, b, b.shape(N - 1), false);
}
template Matrix matmul(const Matrix&, const Matrix&);
template Tensor3 matmul(const Tensor3&, const Tensor3&);
template Tensor4 matmul(const Tensor4&, const Tensor4&);

Tensor3 matmul(const Tensor3& a, const Matrix& b) {
    require(a.shape(2) == b.shape(0), "matmul", a, b);
    // The batch is read as one tall matrix: a single BLAS call computes all of it.
    const Matrix tall = torch::view<2>(a, {a.shape(0) * a.shape(1), a.shape(2)});
    return torch::view<3>(torch::matmul(tall, b), {a.shape(0), a.shape(1), b.shape(1)});
}

template <std::size_t N>
Tensor<N> matmul_transposed(const Tensor<N>& a, const Tensor<N>& b) {
    require(same_stacks(a, b) && a.shape(N - 1) == b.shape(N - 1), "matmul_transposed", a, b);
    return product_of_stacks(a, b, b.shape(N - 2), true);
}
template Matrix matmul_transposed(const Matrix&, const Matrix&);
template Tensor3 matmul_transposed(const Tensor3&, const Tensor3&);
template Tensor4 matmul_transposed(const Tensor4&, const Tensor4&);

Tensor3 matmul_transposed(const Tensor3& a, const Matrix& b) {
    require(a.shape(2) == b.shape(1), "matmul_transposed", a, b);
    const Matrix tall = torch::view<2>(a, {a.shape(0) * a.shape(1), a.shape(2)});
    return torch::view<3>(torch::matmul_transposed(tall, b), {a.shape(0), a.shape(1), b.shape(0)});
}

template <std::size_t N>
Tensor<N> transpose(const Tensor<N>& x, std::size_t axis_a, std::size_t axis_b) {
    std::array<std::size_t, N> shape = x.shape();
    std::swap(shape.at(axis_a), shape.at(axis_b));
    if (axis_a == axis_b) return x;
    Tensor<N> swapped = Tensor<N>::from_shape(shape);

    // (outer, rows, between, columns, inner) -> (outer, columns, between, rows, inner), copied in blocks of
    // `inner`.
    const std::size_t first = std::min(axis_a, axis_b), second = std::max(axis_a, axis_b);
    const std::size_t outer = span(x, 0, first), between = span(x, first + 1, second),
                      inner = span(x, second + 1, N);
    const std::size_t rows = x.shape(first), columns = x.shape(second);
    float* to = swapped.data();
    for (std::size_t o = 0; o < outer; ++o) {
        for (std::size_t c = 0; c < columns; ++c) {
            for (std::size_t i = 0; i < between; ++i) {
                for (std::size_t r = 0; r < rows; ++r, to += inner) {
                    std::copy_n(x.data() + (((o * rows + r) * between + i) * columns + c) * inner, inner, to);
                }
            }
        }
    }
    return swapped;
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

    // One block for each index of the axes before `axis`: `length` slices, each with all later axes.
    const std::size_t outer = span(x, 0, axis), inner = span(x, axis + 1, N);
    for (std::size_t i = 0; i < outer; ++i) {
        const float* block = x.data() + (i * size + start) * inner;
        std::copy(block, block + length * inner, part.data() + i * length * inner);
    }
    return part;
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
