#include "common/any_tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
