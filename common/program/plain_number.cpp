#include "common/program/plain_number.hpp"

#include <fmt/format.h>

std::string plain_number(const std::string& text) {
    const bool has_other = text.empty() || text.find_first_not_of("0123456789") != std::string::npos;
    const bool has_leading_zero = text.size() > 1 && text.starts_with('0');
    if (!has_other && !has_leading_zero) return "";
    return fmt::format("{} is no whole number in plain digits, as in 12", text);
}
