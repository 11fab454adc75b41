#include "common/render/page/tensor_data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "common/render/page/escape.hpp"

namespace {

using Positions = std::vector<std::size_t>;

std::vector<Positions> visible_positions(const AnyTensor& tensor, const torch::PrintOptions& options) {
    const bool only_edges = tensor.size() > options.threshold;
    std::vector<Positions> axes;
    for (const std::size_t size : tensor.shape) {
        Positions& axis = axes.emplace_back();
        for (std::size_t i = 0; i < size; ++i) {
            const bool edge = i < options.edge_items || i + options.edge_items >= size;
            if (edge || !only_edges) axis.push_back(i);
        }
    }
    return axes;
}

std::string text_of(float value) {
    if (std::isnan(value)) return "nan";
    return fmt::format("{}", value);
}
std::string text_of(std::complex<float> value) {
    return text_of(value.real()) + "," + text_of(value.imag());
}
std::string text_of(std::int64_t value) {
    return fmt::format("{}", value);
}
std::string text_of(bool value) {
    return value ? "True" : "False";
}

// Appends the visible values of the axes from `axis` on; the first element is at `flat`.
template <class Values>
void append(std::string& text, const Values& values, const Shape& shape,
            const std::vector<Positions>& visible, std::size_t axis, std::size_t flat) {
    if (axis == shape.size()) {
        text += text_of(static_cast<typename Values::value_type>(values[flat])) + " ";
        return;
    }
    for (const std::size_t i : visible[axis]) {
        append(text, values, shape, visible, axis + 1, flat * shape[axis] + i);
    }
}

}  // namespace

std::string tensor_data(const std::string& name, const AnyTensor& tensor,
                        const std::vector<std::string>& axes, const torch::PrintOptions& options) {
    constexpr std::array type_names = {"float32", "int64", "bool", "complex64"};
    std::vector<std::string> axis_names;
    for (const std::string& axis : axes) axis_names.push_back(json_string(axis));

    const std::vector<Positions> visible = visible_positions(tensor, options);
    std::string values;
    std::visit([&](const auto& elements) { append(values, elements, tensor.shape, visible, 0, 0); },
               tensor.values);
    if (!values.empty()) values.pop_back();

    return fmt::format(R"({{"name":{},"type":"{}","shape":[{}],"axes":[{}],"at":[{}],"values":"{}"}})",
                       json_string(name), type_names.at(tensor.values.index()), fmt::join(tensor.shape, ","),
                       fmt::join(axis_names, ","), fmt::join(visible, ","), values);
}
