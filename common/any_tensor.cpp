#include "common/any_tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

AnyTensor stack(const AnyTensor& a, const AnyTensor& b) {
    if (a.shape != b.shape || a.values.index() != b.values.index())
        throw std::invalid_argument("stack: the two tensors differ in their shape or type");
    AnyTensor stacked = a;
    stacked.shape.insert(stacked.shape.begin(), 2);
    const auto append = [&]<class Value>(std::vector<Value>& values) {
        const auto& more = std::get<std::vector<Value>>(b.values);
        values.insert(values.end(), more.begin(), more.end());
    };
    std::visit(append, stacked.values);
    return stacked;
}

std::string to_string(const Shape& shape) {
    // As Python writes a tuple: one element keeps its comma.
    if (shape.size() == 1) return fmt::format("({},)", shape[0]);
    return fmt::format("({})", fmt::join(shape, ", "));
}

std::string index_to_string(std::size_t flat, const Shape& shape) {
    std::vector<std::size_t> index(shape.size());
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        index[axis] = flat % shape[axis];
        flat /= shape[axis];
    }
    return fmt::format("[{}]", fmt::join(index, ", "));
}
