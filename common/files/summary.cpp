#include "common/files/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace {

std::string text_of(float value, int digits) {
    return fmt::format("{:.{}g}", value, digits);
}
std::string text_of(std::int64_t value, int) {
    return fmt::format("{}", value);
}
std::string text_of(bool value, int) {
    return value ? "1" : "0";
}

template <class Value>
Summary summary_of(const std::vector<Value>& values, int digits) {
    const bool has_nan =
        std::any_of(values.begin(), values.end(), [](Value value) { return value != value; });
    if (has_nan) return {"nan", "nan", "nan"};

    const auto [min, max] = std::minmax_element(values.begin(), values.end());
    const auto add = [](double sum, Value value) { return sum + static_cast<double>(value); };
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0, add) / static_cast<double>(values.size());
    return {text_of(*min, digits), text_of(*max, digits), fmt::format("{:.{}g}", mean, digits)};
}

Summary summary_of(const std::vector<std::complex<float>>&, int) {
    return {"-", "-", "-"};
}

}  // namespace

Summary summarize(const AnyTensor& tensor, int digits) {
    if (tensor.size() == 0) return {"-", "-", "-"};
    return std::visit([digits](const auto& values) { return summary_of(values, digits); }, tensor.values);
}
