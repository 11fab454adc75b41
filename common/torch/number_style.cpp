#include "common/torch/number_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace torch {

NumberStyle::NumberStyle(std::span<const double> visible, int precision) : precision_(precision) {
    // Zeros, infinities and NaN do not affect the choice: every style can show them.
    const auto has_say = [](double value) { return std::isfinite(value) && value != 0.0; };

    double smallest = std::numeric_limits<double>::infinity(), largest = 0.0;
    bool all_whole = true;
    for (const double value : visible) {
        if (!has_say(value)) continue;
        smallest = std::min(smallest, std::abs(value));
        largest = std::max(largest, std::abs(value));
        all_whole = all_whole && value == std::ceil(value);
    }
    if (largest == 0.0) return;

    // PyTorch's conditions for scientific notation. Small numbers count only where there are fractions.
    const bool too_far_apart = largest / smallest > 1000.0;
    const bool too_small = !all_whole && smallest < 1e-4;
    if (too_far_apart || largest > 1e8 || too_small) {
        style_ = Style::scientific;
    } else {
        style_ = all_whole ? Style::integer : Style::fixed;
    }

    for (const double value : visible) {
        if (has_say(value)) width_ = std::max(width_, write(value).size());
    }
}

std::string NumberStyle::format(double value) const {
    return fmt::format("{:>{}}", write(value), width_);
}

std::string NumberStyle::write(double value) const {
    if (std::isnan(value)) return "nan";  // PyTorch does not show the sign of a NaN
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    switch (style_) {
        case Style::scientific:
            return fmt::format("{:.{}e}", value, precision_);
        case Style::fixed:
            return fmt::format("{:.{}f}", value, precision_);
        case Style::integer:
            break;
    }
    return fmt::format("{:.0f}.", value);
}

}  // namespace torch
