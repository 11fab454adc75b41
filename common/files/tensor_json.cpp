#include "common/files/tensor_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace {

// The shortest digits that read back as the same float32. With a point or exponent, so that -0.0 stays a
// float.
std::string json_of(float value) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    const std::string digits = fmt::format("{}", value);
    return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}
std::string json_of(std::int64_t value) {
    return fmt::format("{}", value);
}
std::string json_of(bool value) {
    return value ? "true" : "false";
}
std::string json_of(std::complex<float> value) {
    return fmt::format("[{}, {}]", json_of(value.real()), json_of(value.imag()));
}

std::string values_of(const AnyTensor& tensor) {
    const auto join = []<class Value>(const std::vector<Value>& values) {
        std::string text;
        for (const Value value : values) text += (text.empty() ? "" : ", ") + json_of(value);
        return text;
    };
    return std::visit(join, tensor.values);
}

std::string quoted(const std::string& name) {
    return nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const NamedTensors& tensors) {
    constexpr std::array dtypes = {"float32", "int64", "bool", "complex64"};
    std::vector<std::string> lines;
    for (const auto& [name, tensor] : tensors) {
        lines.push_back(fmt::format(R"(  {}: {{"dtype": "{}", "shape": [{}], "values": [{}]}})", quoted(name),
                                    dtypes.at(tensor.values.index()), fmt::join(tensor.shape, ", "),
                                    values_of(tensor)));
    }
    return fmt::format("{{\n{}\n}}\n", fmt::join(lines, ",\n"));
}
