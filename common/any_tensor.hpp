// A tensor at rest: shape, element type and values, and no arithmetic. This is what is printed, compared
// and saved. Anything that looks like an xtensor container becomes one, without a single xtensor header.
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
    // float32, int64, bool and complex64: the element types that attention notebooks print.
    using Values = std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<bool>,
                                std::vector<std::complex<float>>>;

    Shape shape;    // empty for a 0-d tensor
    Values values;  // row-major, as many as the product of `shape`

    AnyTensor(Shape shape_, Values values_) : shape(std::move(shape_)), values(std::move(values_)) {}

    // A 0-d tensor, as `tensor.sum()` gives it.
    explicit AnyTensor(float scalar) : values(std::vector<float>{scalar}) {}

    template <TensorLike C>
    AnyTensor(const C& c)
        : shape(c.shape().begin(), c.shape().end()),
          values(std::vector<typename C::value_type>(c.begin(), c.end())) {}

    [[nodiscard]] std::size_t size() const {
        return std::visit([](const auto& elements) { return elements.size(); }, values);
    }
};

// (2, 6, 3), as our own prose and messages write a shape.
std::string to_string(const Shape& shape);

// "[1, 4]": where the element stands that comes at `flat` in row-major order.
std::string index_to_string(std::size_t flat, const Shape& shape);
