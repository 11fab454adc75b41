// A tensor as plain data: shape, element type and values, and no arithmetic. The programs print, compare and
// save tensors in this form. Any xtensor container converts to it, and this header includes none of
// xtensor's.
#pragma once
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

using Shape = std::vector<std::size_t>;

template <class C>
concept TensorLike = requires(const C& c) {
    typename C::value_type;
    c.shape().begin();
    c.begin();
    c.dimension();
};

struct AnyTensor {
    // The element types that attention notebooks print: float32, int64, bool and complex64.
    using Values = std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<bool>,
                                std::vector<std::complex<float>>>;

    Shape shape;    // empty for a 0-d tensor
    Values values;  // row-major, as many as the product of `shape`

    AnyTensor(Shape shape_, Values values_) : shape(std::move(shape_)), values(std::move(values_)) {}

    // A 0-d tensor, which is what `tensor.sum()` returns.
    explicit AnyTensor(float scalar) : values(std::vector<float>{scalar}) {}

    template <TensorLike C>
    AnyTensor(const C& c)
        : shape(c.shape().begin(), c.shape().end()),
          values(std::vector<typename C::value_type>(c.begin(), c.end())) {}

    [[nodiscard]] std::size_t size() const {
        return std::visit([](const auto& elements) { return elements.size(); }, values);
    }
};

// torch.stack((a, b)) for two tensors of one shape and type. Throws std::invalid_argument if they differ.
AnyTensor stack(const AnyTensor& a, const AnyTensor& b);

// A shape as our texts and messages write it: (2, 6, 3).
std::string to_string(const Shape& shape);

// The index of the element at the row-major position `flat`: "[1, 4]".
std::string index_to_string(std::size_t flat, const Shape& shape);
