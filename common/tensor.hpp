// The wall between the lessons and xtensor: names for the tensors, and a few functions that take and
// return whole tensors. Every result is a container with its own memory, never a lazy expression, because
// a lazy reducer inside an expression gives wrong numbers without a word (xtensor's docs, "pitfalls").
//
// All throw std::invalid_argument with both shapes in the message when shapes do not fit.
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

// Named after the PyTorch functions that they stand for.
namespace torch {

// a @ b for matrices, or for equally many matrices stacked along the leading axes:
// (..., m, k) @ (..., k, n) -> (..., m, n). Each product is one BLAS call.
template <std::size_t N>
Tensor<N> matmul(const Tensor<N>& a, const Tensor<N>& b);

// The same right-hand side for a whole batch: (b, m, k) @ (k, n) -> (b, m, n).
Tensor3 matmul(const Tensor3& a, const Matrix& b);

// a @ b.transpose(-2, -1), with b read as it stands: (..., m, k) @ (..., n, k) -> (..., m, n). The
// same as matmul(a, transpose(b)), but b is not moved, which can take longer than the product itself.
template <std::size_t N>
Tensor<N> matmul_transposed(const Tensor<N>& a, const Tensor<N>& b);
Tensor3 matmul_transposed(const Tensor3& a, const Matrix& b);

// Swaps two axes: x.transpose(axis_a, axis_b), with the elements moved as .contiguous() would.
template <std::size_t N>
Tensor<N> transpose(const Tensor<N>& x, std::size_t axis_a, std::size_t axis_b);

// x.T: (m, n) -> (n, m).
Matrix transpose(const Matrix& x);

// x.view(shape): the same elements in the same order under another shape.
template <std::size_t M, std::size_t N>
Tensor<M> view(const Tensor<N>& x, const std::array<std::size_t, M>& shape);

// torch.stack((a, b)): (m, n), (m, n) -> (2, m, n).
Tensor3 stack(const Matrix& a, const Matrix& b);

// torch.cat((a, b), dim=-1): (b, m, n), (b, m, p) -> (b, m, n + p).
Tensor3 cat(const Tensor3& a, const Tensor3& b);

// x[index]: one slice along the first axis.
template <std::size_t N>
Tensor<N - 1> select(const Tensor<N>& x, std::size_t index);

// x.narrow(axis, start, length): from `start` on, `length` slices along one axis.
template <std::size_t N>
Tensor<N> narrow(const Tensor<N>& x, std::size_t axis, std::size_t start, std::size_t length);

}  // namespace torch

// A tensor from a file as floats with N axes; nothing if it has other elements or another rank.
template <std::size_t N>
std::optional<Tensor<N>> float_tensor(const AnyTensor& tensor);

// The largest |a - b| over all elements: what "how close?" is answered with.
// A NaN on both sides agrees; a NaN on one side only is infinitely far.
template <std::size_t N>
float largest_difference(const Tensor<N>& a, const Tensor<N>& b);
