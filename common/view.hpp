// A view reads the elements of a tensor where they are. It has a shape and strides, as a tensor in PyTorch:
// the element [i, j] is i * strides[0] + j * strides[1] floats after the first one. So transpose and narrow
// only change these numbers, and copy nothing.
//
// A view must not outlive its tensor, and it sees what is written to the tensor later. A Tensor that is made
// from a view is a copy.
#pragma once
#include <array>
#include <cstddef>

#include "common/tensor.hpp"

template <std::size_t N>
class View {
  public:
    View() : data_(nullptr), shape_{}, strides_{} {}  // no elements

    // A shape without memory, to count what a computation with it would do.
    static View of_shape(const std::array<std::size_t, N>& shape) { return View(nullptr, shape, {}); }

    View(const Tensor<N>& x) : View(x, x.shape()) {}

    // x.view(shape): the same elements in the same order, with another shape.
    template <std::size_t M>
    View(const Tensor<M>& x, const std::array<std::size_t, N>& shape);

    // Elements that are anywhere: strides in floats.
    View(const float* data, const std::array<std::size_t, N>& shape,
         const std::array<std::size_t, N>& strides)
        : data_(data), shape_(shape), strides_(strides) {}

    // A temporary tensor ends before its view is read.
    View(const Tensor<N>&&) = delete;
    template <std::size_t M>
    View(const Tensor<M>&&, const std::array<std::size_t, N>&) = delete;

    // x.transpose(axis_a, axis_b) and x.narrow(axis, start, length).
    [[nodiscard]] View transpose(std::size_t axis_a, std::size_t axis_b) const;
    [[nodiscard]] View narrow(std::size_t axis, std::size_t start, std::size_t length) const;

    // x.contiguous(): a copy of the elements, in the order of the axes.
    operator Tensor<N>() const;

    [[nodiscard]] const std::array<std::size_t, N>& shape() const { return shape_; }
    [[nodiscard]] std::size_t shape(std::size_t axis) const { return shape_[axis]; }
    [[nodiscard]] std::size_t stride(std::size_t axis) const { return strides_[axis]; }
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] const float* data() const { return data_; }

    // Where the row x[i, j, :] begins; indices that are left out are 0. Throws std::invalid_argument if the
    // elements of a row are not next to each other.
    template <class... Indices>
    [[nodiscard]] const float* row(Indices... indices) const {
        static_assert(sizeof...(Indices) < N);
        if (strides_[N - 1] != 1) refuse_rows();
        const float* begin = data_;
        std::size_t axis = 0;
        ((begin += strides_[axis++] * static_cast<std::size_t>(indices)), ...);
        return begin;
    }

  private:
    [[noreturn]] void refuse_rows() const;

    const float* data_;
    std::array<std::size_t, N> shape_, strides_;
};

using View3 = View<3>;
using View4 = View<4>;

namespace torch {

// As for tensors, read in place, row by row.
Tensor3 matmul(const View3& a, const View3& b);
Tensor4 matmul(const View4& a, const View4& b);
Tensor3 matmul_transposed(const View3& a, const View3& b);
Tensor4 matmul_transposed(const View4& a, const View4& b);

}  // namespace torch
