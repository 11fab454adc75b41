#include "common/view.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "common/shapes_fit.hpp"

namespace {

std::size_t elements(const std::size_t* first, const std::size_t* last) {
    return std::accumulate(first, last, std::size_t{1}, std::multiplies<>());
}

// Copies the elements behind the first `axes` axes in their order, each block at once. Returns the end of the
// copy.
float* copy_blocks(const float* from, const std::size_t* shape, const std::size_t* strides, std::size_t axes,
                   std::size_t block, float* to) {
    if (axes == 0) return std::copy_n(from, block, to);
    for (std::size_t i = 0; i < *shape; ++i) {
        to = copy_blocks(from + i * *strides, shape + 1, strides + 1, axes - 1, block, to);
    }
    return to;
}

}  // namespace

template <std::size_t N>
template <std::size_t M>
View<N>::View(const Tensor<M>& x, const std::array<std::size_t, N>& shape) : data_(x.data()), shape_(shape) {
    require_fit(size() == x.size(), "view", x, *this);
    for (std::size_t axis = 0; axis < N; ++axis) {
        strides_[axis] = elements(shape_.data() + axis + 1, shape_.data() + N);
    }
}

template <std::size_t N>
View<N> View<N>::transpose(std::size_t axis_a, std::size_t axis_b) const {
    View swapped = *this;
    std::swap(swapped.shape_.at(axis_a), swapped.shape_.at(axis_b));
    std::swap(swapped.strides_[axis_a], swapped.strides_[axis_b]);
    return swapped;
}

template <std::size_t N>
View<N> View<N>::narrow(std::size_t axis, std::size_t start, std::size_t length) const {
    const std::size_t size = shape_.at(axis);
    if (start > size || length > size - start) {
        throw std::invalid_argument(fmt::format("narrow: axis {} of {} has no slices {} to {}", axis,
                                                shape_text(*this), start, start + length));
    }
    View part = *this;
    part.data_ += start * strides_[axis];
    part.shape_[axis] = length;
    return part;
}

template <std::size_t N>
View<N>::operator Tensor<N>() const {
    // The elements of the last axes form a block, as far as they are next to each other.
    std::size_t axes = N, block = 1;
    while (axes > 0 && strides_[axes - 1] == block) block *= shape_[--axes];

    Tensor<N> copy = Tensor<N>::from_shape(shape_);
    copy_blocks(data_, shape_.data(), strides_.data(), axes, block, copy.data());
    return copy;
}

template <std::size_t N>
std::size_t View<N>::size() const {
    return elements(shape_.data(), shape_.data() + N);
}

template <std::size_t N>
void View<N>::refuse_rows() const {
    throw std::invalid_argument(fmt::format(
        "the elements of a row of {} are not next to each other: copy the view", shape_text(*this)));
}

template class View<2>;
template class View<3>;
template class View<4>;
template View<2>::View(const Tensor<2>&, const std::array<std::size_t, 2>&);
template View<2>::View(const Tensor<3>&, const std::array<std::size_t, 2>&);
template View<3>::View(const Tensor<2>&, const std::array<std::size_t, 3>&);
template View<3>::View(const Tensor<3>&, const std::array<std::size_t, 3>&);
template View<3>::View(const Tensor<4>&, const std::array<std::size_t, 3>&);
template View<4>::View(const Tensor<2>&, const std::array<std::size_t, 4>&);
template View<4>::View(const Tensor<3>&, const std::array<std::size_t, 4>&);
template View<4>::View(const Tensor<4>&, const std::array<std::size_t, 4>&);
