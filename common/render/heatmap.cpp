#include "common/render/heatmap.hpp"

#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "common/render/text_layout.hpp"

namespace {

// From dark violet through blue and green to yellow. The brightness rises in even steps, so that colour-blind
// readers can tell the shades apart.
struct Rgb {
    double red, green, blue;
};
constexpr std::array<Rgb, 5> viridis = {
    {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};

Rgb shade(float weight) {
    const double position = std::clamp(static_cast<double>(weight), 0.0, 1.0) * (viridis.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(position), viridis.size() - 2);
    const double part = position - static_cast<double>(below);
    const Rgb &from = viridis.at(below), &to = viridis.at(below + 1);
    return {std::lerp(from.red, to.red, part), std::lerp(from.green, to.green, part),
            std::lerp(from.blue, to.blue, part)};
}

// The nearest colour in the 6 x 6 x 6 cube of a 256-colour terminal.
int cube_color(const Rgb& color) {
    const auto level = [](double channel) { return static_cast<int>(std::lround(channel / 255 * 5)); };
    return 16 + 36 * level(color.red) + 6 * level(color.green) + level(color.blue);
}

// `text` on the shade of a weight between 0 and 1, with dark letters on bright shades. A weight of 0 has no
// shade, and NaN has none.
std::string colored(const std::string& text, float weight, Colors colors) {
    if (!(weight > 0.0f)) return text;
    const Rgb color = shade(weight);
    const int ink = weight > 0.6f ? 16 : 231;
    if (colors == Colors::truecolor) {
        return fmt::format("\x1b[48;2;{:.0f};{:.0f};{:.0f};38;5;{}m{}\x1b[0m", color.red, color.green,
                           color.blue, ink, text);
    }
    return fmt::format("\x1b[48;5;{};38;5;{}m{}\x1b[0m", cube_color(color), ink, text);
}

// The weight with two digits in the middle of the cell: ".24", or "1.0".
std::string digits(float weight, std::size_t width) {
    if (weight == 0.0f || width < 3) return std::string(width, ' ');
    const std::string two_digits = fmt::format("{:.2f}", weight);
    const std::string text = two_digits.starts_with('0') ? two_digits.substr(1) : two_digits.substr(0, 3);
    return pad_right(pad_left(text, (width + 3) / 2), width);
}

// Without colours: characters of four densities, and a space for a weight of 0.
std::string dense(float weight, std::size_t width, bool unicode) {
    constexpr std::array<std::string_view, 4> densities = {"░", "▒", "▓", "█"};
    constexpr std::array<std::string_view, 4> ascii_densities = {".", ":", "+", "#"};
    if (!(weight > 0.0f)) return std::string(width, ' ');
    const auto level = static_cast<std::size_t>(std::clamp(std::ceil(weight * 4.0f) - 1.0f, 0.0f, 3.0f));
    std::string cell;
    for (std::size_t i = 0; i < width; ++i) cell += unicode ? densities.at(level) : ascii_densities.at(level);
    return cell;
}

// The legend: the shades from 0 to the picture's largest weight.
std::string legend(float largest, const Terminal& terminal, bool in_color) {
    std::string scale;
    for (int quarter = 1; quarter <= 4; ++quarter) {
        const float weight = static_cast<float>(quarter) / 4.0f;
        scale += in_color ? colored("  ", weight, terminal.colors) : dense(weight, 2, terminal.unicode);
    }
    return fmt::format("0 {} {:.2f}", scale, largest);
}

// A picture below its title.
std::vector<std::string> with_title(const Heatmap& heatmap, const Terminal& terminal, std::size_t width) {
    const std::string margin(4, ' ');
    Terminal narrow = terminal;
    narrow.width = width;
    std::vector<std::string> lines;
    for (const std::string& line :
         wrap(terminal.unicode ? heatmap.title : to_ascii(heatmap.title), width - margin.size())) {
        lines.push_back(margin + line);
    }
    const std::vector<std::string> picture = draw_heatmap(heatmap, narrow);
    lines.insert(lines.end(), picture.begin(), picture.end());
    return lines;
}

}  // namespace

std::vector<std::string> draw_heatmaps(const HeatmapPair& pair, const Terminal& terminal) {
    const std::size_t width = terminal.width / 2;
    std::vector<std::string> left = with_title(pair.left, terminal, width);
    std::vector<std::string> right = with_title(pair.right, terminal, width);
    while (left.size() < right.size()) left.insert(left.begin(), "");
    while (right.size() < left.size()) right.insert(right.begin(), "");

    std::vector<std::string> lines;
    for (std::size_t i = 0; i < left.size(); ++i) {
        const std::size_t gap = width - std::min(width, visible_columns(left[i]));
        lines.push_back(without_trailing_spaces(left[i] + std::string(gap, ' ') + right[i]));
    }
    return lines;
}

std::vector<std::string> draw_heatmap(const Heatmap& heatmap, const Terminal& terminal) {
    const auto& weights = std::get<std::vector<float>>(heatmap.weights.values);
    if (weights.empty()) return {};
    const std::size_t row_count = heatmap.weights.shape.at(0), column_count = heatmap.weights.shape.at(1);
    const float largest = *std::max_element(weights.begin(), weights.end());
    const bool in_color = terminal.colors >= Colors::two_hundred_fifty_six;

    std::vector<std::string> words;
    std::size_t longest = 3;
    for (const std::string& word : heatmap.words) {
        words.push_back(terminal.unicode ? word : to_ascii(word));
        longest = std::max(longest, columns(words.back()));
    }

    // Every column is as wide as the longest word, or narrower if the terminal has no room.
    const std::string margin(4, ' ');
    const std::size_t label = std::min(longest, terminal.width / 4);
    const std::size_t room = terminal.width - margin.size() - label;
    const std::size_t cell = std::clamp<std::size_t>(room / column_count, 2, longest + 1) - 1;
    const std::size_t shown = std::min(column_count, room / (cell + 1));

    std::vector<std::string> lines;
    std::string header = margin + std::string(label, ' ');
    for (std::size_t column = 0; column < shown; ++column) {
        header += " " + pad_right(cut(words[column], cell), cell);
    }
    lines.push_back(without_trailing_spaces(header));

    // Shades are relative to the largest weight, so that small differences show.
    for (std::size_t row = 0; row < row_count; ++row) {
        std::string line = margin + pad_left(cut(words[row], label), label);
        for (std::size_t column = 0; column < shown; ++column) {
            const float weight = weights[row * column_count + column];
            const float share = largest > 0.0f ? weight / largest : 0.0f;
            line += " " + (in_color ? colored(digits(weight, cell), share, terminal.colors)
                                    : dense(share, cell, terminal.unicode));
        }
        lines.push_back(without_trailing_spaces(line));
    }
    lines.push_back(margin + std::string(label, ' ') + " " + legend(largest, terminal, in_color));
    return lines;
}
