// The matrix products of tensors and of views: one BLAS call for each pair of matrices, without a copy.
#include <algorithm>

#include "common/blas.hpp"
#include "common/shapes_fit.hpp"
#include "common/tensor.hpp"
#include "common/view.hpp"

namespace {

template <std::size_t N>
bool same_stacks(const View<N>& a, const View<N>& b) {
    return std::equal(a.shape().begin(), a.shape().end() - 2, b.shape().begin());
}

// The i-th matrix of a stack, as BLAS takes it.
template <std::size_t N>
blas::Rows matrix(const View<N>& stack, std::size_t i) {
    const float* first = stack.row();
    for (std::size_t axis = N - 2; axis-- > 0; i /= stack.shape(axis)) {
        first += i % stack.shape(axis) * stack.stride(axis);
    }
    return {first, stack.stride(N - 2)};
}

// a @ b, or a @ b.T, for each pair of matrices.
template <std::size_t N>
Tensor<N> product_of_stacks(const char* operation, const View<N>& a, const View<N>& b, bool b_transposed) {
    const std::size_t rows = a.shape(N - 2), inner = a.shape(N - 1);
    const std::size_t columns = b.shape(b_transposed ? N - 2 : N - 1);
    require_fit(same_stacks(a, b) && inner == b.shape(b_transposed ? N - 1 : N - 2), operation, a, b);

    std::array<std::size_t, N> shape = a.shape();
    shape[N - 1] = columns;
    Tensor<N> product = Tensor<N>::from_shape(shape);
    // Some gemv multiply the old contents by 0, and 0 times NaN is NaN.
    if (rows == 1 || inner == 0) product.fill(0.0f);

    const std::size_t pairs = product.size() / std::max<std::size_t>(1, rows * columns);
    for (std::size_t i = 0; i < pairs && inner > 0; ++i) {
        const blas::Rows left = matrix(a, i), right = matrix(b, i);
        const blas::MutableRows result{product.data() + i * rows * columns, columns};
        if (rows == 1 && b_transposed) {
            blas::multiply_row_transposed(columns, inner, left.data, right, result.data);
        } else if (rows == 1) {
            blas::multiply_row(columns, inner, left.data, right, result.data);
        } else if (b_transposed) {
            blas::multiply_transposed(rows, columns, inner, 1.0f, left, right, 0.0f, result);
        } else {
            blas::multiply(rows, columns, inner, left, right, 0.0f, result);
        }
    }
    return product;
}

}  // namespace

namespace torch {

template <std::size_t N>
Tensor<N> matmul(const Tensor<N>& a, const Tensor<N>& b) {
    return product_of_stacks<N>("matmul", a, b, false);
}
template Matrix matmul(const Matrix&, const Matrix&);
template Tensor3 matmul(const Tensor3&, const Tensor3&);
template Tensor4 matmul(const Tensor4&, const Tensor4&);

template <std::size_t N>
Tensor<N> matmul_transposed(const Tensor<N>& a, const Tensor<N>& b) {
    return product_of_stacks<N>("matmul_transposed", a, b, true);
}
template Matrix matmul_transposed(const Matrix&, const Matrix&);
template Tensor3 matmul_transposed(const Tensor3&, const Tensor3&);
template Tensor4 matmul_transposed(const Tensor4&, const Tensor4&);

Tensor3 matmul(const View3& a, const View3& b) {
    return product_of_stacks("matmul", a, b, false);
}
Tensor4 matmul(const View4& a, const View4& b) {
    return product_of_stacks("matmul", a, b, false);
}
Tensor3 matmul_transposed(const View3& a, const View3& b) {
    return product_of_stacks("matmul_transposed", a, b, true);
}
Tensor4 matmul_transposed(const View4& a, const View4& b) {
    return product_of_stacks("matmul_transposed", a, b, true);
}

// The batch is read as one tall matrix: a single BLAS call computes all of it.
Tensor3 matmul(const Tensor3& a, const Matrix& b) {
    require_fit(a.shape(2) == b.shape(0), "matmul", a, b);
    const View<2> tall(a, {a.shape(0) * a.shape(1), a.shape(2)});
    return torch::view<3>(product_of_stacks<2>("matmul", tall, b, false),
                          {a.shape(0), a.shape(1), b.shape(1)});
}

Tensor3 matmul_transposed(const Tensor3& a, const Matrix& b) {
    require_fit(a.shape(2) == b.shape(1), "matmul_transposed", a, b);
    const View<2> tall(a, {a.shape(0) * a.shape(1), a.shape(2)});
    return torch::view<3>(product_of_stacks<2>("matmul_transposed", tall, b, true),
                          {a.shape(0), a.shape(1), b.shape(0)});
}

}  // namespace torch
