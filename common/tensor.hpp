// The lessons use xtensor through this header only: names for the tensors, and a few functions that take and
// return whole tensors. Every result is a container with its own memory, never a lazy expression, because
// a lazy reducer inside an expression silently gives wrong numbers (xtensor's documentation, "pitfalls").
//
// When shapes do not fit, each function throws std::invalid_argument, and the message names both shapes.
#pragma once
#include <array>
#include <cstddef>
#include <optional>

#include "common/any_tensor.hpp"
#include "common/xt.hpp"

template <std::size_t N>
using Tensor = xt::xtensor<float, N>;

using Vector = Tensor<1>;
using Matrix = Tensor<2>;
using Tensor3 = Tensor<3>;
using Tensor4 = Tensor<4>;

// Each function has the name of the PyTorch function that it reproduces.
namespace torch {

// a @ b for two matrices, or for two stacks of equally many matrices along the leading axes:
// (..., m, k) @ (..., k, n) -> (..., m, n). Each product is one BLAS call.
template <std::size_t N>
Tensor<N> matmul(const Tensor<N>& a, const Tensor<N>& b);

// A batch times one matrix: (b, m, k) @ (k, n) -> (b, m, n).
Tensor3 matmul(const Tensor3& a, const Matrix& b);

// a @ b.transpose(-2, -1): (..., m, k) @ (..., n, k) -> (..., m, n). The result is that of
// matmul(a, transpose(b)), but b is read in place: copying it can take longer than the product itself.
template <std::size_t N>
Tensor<N> matmul_transposed(const Tensor<N>& a, const Tensor<N>& b);
Tensor3 matmul_transposed(const Tensor3& a, const Matrix& b);

// Swaps two axes and copies the elements: x.transpose(axis_a, axis_b).contiguous().
template <std::size_t N>
Tensor<N> transpose(const Tensor<N>& x, std::size_t axis_a, std::size_t axis_b);

// x.T: (m, n) -> (n, m).
Matrix transpose(const Matrix& x);

// x.view(shape): the same elements in the same order, with another shape.
template <std::size_t M, std::size_t N>
Tensor<M> view(const Tensor<N>& x, const std::array<std::size_t, M>& shape);

// torch.stack((a, b)): (m, n), (m, n) -> (2, m, n).
Tensor3 stack(const Matrix& a, const Matrix& b);

// torch.cat((a, b), dim=-1): (b, m, n), (b, m, p) -> (b, m, n + p).
Tensor3 cat(const Tensor3& a, const Tensor3& b);

// x[index]: one slice along the first axis.
template <std::size_t N>
Tensor<N - 1> select(const Tensor<N>& x, std::size_t index);

// x.narrow(axis, start, length): `length` slices along one axis, from `start` on.
template <std::size_t N>
Tensor<N> narrow(const Tensor<N>& x, std::size_t axis, std::size_t start, std::size_t length);

}  // namespace torch

// A tensor from a file as floats with N axes; empty if its element type or its number of axes is another.
template <std::size_t N>
std::optional<Tensor<N>> float_tensor(const AnyTensor& tensor);

// The largest |a - b| over all elements, as torch.max(torch.abs(a - b)).
// NaN in both tensors counts as a difference of 0, NaN in only one of them as infinity.
template <std::size_t N>
float largest_difference(const Tensor<N>& a, const Tensor<N>& b);
