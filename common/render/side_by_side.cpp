#include "common/render/side_by_side.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "common/any_tensor.hpp"
#include "common/document/judge.hpp"
#include "common/render/text_layout.hpp"

namespace {

using Lines = std::vector<std::string>;

// A print without "tensor(" and ")". Its other lines lose as many blanks.
Lines numbers_of_print(std::string print) {
    constexpr std::string_view start = "tensor(";
    if (print.starts_with(start)) print = std::string(start.size(), ' ') + print.substr(start.size());
    if (print.ends_with(')')) print.pop_back();
    Lines lines;
    std::istringstream text(print);
    for (std::string line; std::getline(text, line);)
        lines.push_back(line.substr(std::min(line.size(), start.size())));
    return lines;
}

struct Sides {
    Lines left, right;
    bool same_shape = false;
};

// The print of both as one tensor of one more axis, split in the middle. Each half loses its part of the
// outer pair of brackets and the comma between the halves.
Sides in_one_style(const AnyTensor& left, const AnyTensor& right, const torch::PrintOptions& options) {
    Lines lines = numbers_of_print(torch::to_string(stack(left, right), options));
    for (std::string& line : lines) line.erase(0, 1);
    lines.back().pop_back();
    const std::size_t blank_lines = left.shape.size() - 1, rows = (lines.size() - blank_lines) / 2;
    const auto middle = lines.begin() + static_cast<std::ptrdiff_t>(rows);
    Sides sides{
        {lines.begin(), middle}, {middle + static_cast<std::ptrdiff_t>(blank_lines), lines.end()}, true};
    sides.left.back().pop_back();
    return sides;
}

Sides sides_of(const ShownPair& pair, const torch::PrintOptions& options) {
    const auto *left = std::get_if<AnyTensor>(&pair.left.value),
               *right = std::get_if<AnyTensor>(&pair.right.value);
    const bool alike = left && right && !left->shape.empty() && left->size() > 0 &&
                       left->shape == right->shape && left->values.index() == right->values.index();
    if (alike) return in_one_style(*left, *right, options);
    return {numbers_of_print(value_text(pair.left, options)),
            numbers_of_print(value_text(pair.right, options))};
}

std::size_t widest(const Lines& lines) {
    std::size_t width = 0;
    for (const std::string& line : lines) width = std::max(width, columns(line));
    return width;
}

}  // namespace

std::vector<std::string> draw_side_by_side(const ShownPair& pair, const Terminal& terminal,
                                           const torch::PrintOptions& options) {
    Sides sides = sides_of(pair, options);
    sides.left.insert(sides.left.begin(), pair.left.name);
    sides.right.insert(sides.right.begin(), pair.right.name);
    const std::string sign = terminal.unicode ? "≠ " : "!=";
    const std::size_t width = widest(sides.left);
    if (width + 4 + widest(sides.right) > terminal.width) return {};

    const std::size_t rows = std::max(sides.left.size(), sides.right.size());
    sides.left.resize(rows);
    sides.right.resize(rows);
    Lines lines;
    for (std::size_t row = 0; row < rows; ++row) {
        const bool differs = row > 0 && sides.same_shape && sides.left[row] != sides.right[row];
        std::string line =
            pad_right(sides.left[row], width) + " " + (differs ? sign : "  ") + " " + sides.right[row];
        line.erase(line.find_last_not_of(' ') + 1);
        lines.push_back(line);
    }
    return lines;
}
