#include "common/render/roofline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>
#include <utility>

#include "common/bench/timing.hpp"
#include "common/render/text_layout.hpp"

namespace {

constexpr std::size_t plot_rows = 16;
constexpr std::size_t widest_plot = 96;
constexpr std::size_t plot_margin = 4, scale_width = 6;

// The plot as cells of one column each.
class Canvas {
  public:
    explicit Canvas(std::size_t width) : cells_(plot_rows, std::vector<std::string>(width, " ")) {}

    [[nodiscard]] std::size_t column(double place) const {
        return static_cast<std::size_t>(std::lround(place * static_cast<double>(cells_[0].size() - 1)));
    }
    [[nodiscard]] static std::size_t row(double place) {
        return static_cast<std::size_t>(std::lround((1 - place) * static_cast<double>(plot_rows - 1)));
    }
    std::string& cell(std::size_t row, std::size_t column) { return cells_[row][column]; }

    // The nearest cell of the row, to the right or to the left, that has no letter.
    void put_letter(const std::string& letter, std::size_t row, std::size_t column) {
        const std::size_t width = cells_[row].size();
        for (std::size_t distance = 0; distance < width; ++distance) {
            for (const std::size_t at : {column + distance, column - distance}) {
                if (at >= width || is_letter(cells_[row][at])) continue;
                cells_[row][at] = letter;
                return;
            }
        }
    }

    [[nodiscard]] std::string line(std::size_t row) const {
        std::string text;
        for (const std::string& each : cells_[row]) text += each;
        return text;
    }

  private:
    static bool is_letter(const std::string& cell) {
        return cell == "*" || (cell.size() == 1 && std::isalpha(static_cast<unsigned char>(cell[0])));
    }

    std::vector<std::vector<std::string>> cells_;
};

// The axis below the plot, and the numbers below its ticks.
std::vector<std::string> bottom_axis(const RooflineAxes::Axis& axis, const Canvas& canvas, std::size_t width,
                                     bool unicode) {
    std::vector<std::string> strokes(width, unicode ? "─" : "-");
    std::string numbers(width + 8, ' ');
    for (const double tick : axis.ticks()) {
        const std::size_t at = canvas.column(axis.place(tick));
        strokes[at] = unicode ? "┴" : "+";
        const std::string number = fmt::format("{:g}", tick);
        numbers.replace(at, number.size(), number);
    }
    std::string line = std::string(plot_margin + scale_width, ' ') + (unicode ? "└" : "+");
    for (const std::string& stroke : strokes) line += stroke;
    const std::string unit = "FLOP/byte";
    numbers = numbers.substr(0, width);
    return {line, std::string(plot_margin + scale_width + 1, ' ') + without_trailing_spaces(numbers),
            std::string(plot_margin + scale_width + 1 + width - unit.size(), ' ') + unit};
}

}  // namespace

double RooflineAxes::Axis::place(double value) const {
    return std::log(value / low) / std::log(high / low);
}

double RooflineAxes::Axis::at(double place) const {
    return low * std::pow(high / low, place);
}

std::vector<double> RooflineAxes::Axis::ticks() const {
    std::vector<double> powers;
    for (double power = std::ceil(std::log10(low)); power <= std::log10(high); ++power)
        powers.push_back(std::pow(10.0, power));
    return powers;
}

double flop_per_byte(const Roofline::Point& point) {
    return point.work.flop / point.work.bytes;
}

double flop_per_second(const Roofline::Point& point) {
    return point.work.flop / point.seconds;
}

double roof_at(const bench::Roofs& roofs, double flop_per_byte) {
    return std::min(roofs.flop_per_second, roofs.bytes_per_second * flop_per_byte);
}

RooflineAxes axes_of(const Roofline& roofline) {
    const double corner = roofline.roofs.flop_per_second / roofline.roofs.bytes_per_second;
    RooflineAxes axes{{corner, corner}, {roofline.roofs.flop_per_second, roofline.roofs.flop_per_second}};
    const auto include = [](RooflineAxes::Axis& axis, double value) {
        axis.low = std::min(axis.low, value);
        axis.high = std::max(axis.high, value);
    };
    for (const Roofline::Point& point : roofline.points) {
        include(axes.flop_per_byte, flop_per_byte(point));
        include(axes.flop_per_second, flop_per_second(point));
    }
    for (RooflineAxes::Axis* axis : {&axes.flop_per_byte, &axes.flop_per_second}) {
        axis->low /= 3;
        axis->high *= 2;
    }
    return axes;
}

std::string roofline_letter(std::size_t i) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return std::string(1, i < letters.size() ? letters[i] : '*');
}

std::vector<std::string> draw_roofline(const Roofline& roofline, const Terminal& terminal) {
    const std::size_t beside = plot_margin + scale_width + 1;
    const std::size_t width =
        std::clamp<std::size_t>(terminal.width, beside + 20, beside + widest_plot) - beside;
    const auto [x, y] = axes_of(roofline);
    Canvas canvas(width);

    for (std::size_t column = 0; column < width; ++column) {
        const double intensity = x.at(static_cast<double>(column) / static_cast<double>(width - 1));
        const double roof = roof_at(roofline.roofs, intensity);
        if (roof < y.low) continue;
        const bool is_flat = roof == roofline.roofs.flop_per_second;
        canvas.cell(Canvas::row(y.place(roof)), column) =
            terminal.unicode ? (is_flat ? "─" : "·") : (is_flat ? "-" : ".");
    }
    for (std::size_t i = 0; i < roofline.points.size(); ++i) {
        const Roofline::Point& point = roofline.points[i];
        canvas.put_letter(roofline_letter(i), Canvas::row(y.place(flop_per_second(point))),
                          canvas.column(x.place(flop_per_byte(point))));
    }

    std::vector<std::string> labels(plot_rows);
    for (const double tick : y.ticks()) labels[Canvas::row(y.place(tick))] = fmt::format("{:g}", tick / 1e9);
    std::vector<std::string> lines = {std::string(plot_margin, ' ') + "GFLOP/s"};
    for (std::size_t row = 0; row < plot_rows; ++row) {
        const bool has_tick = !labels[row].empty();
        const std::string axis = terminal.unicode ? (has_tick ? "┤" : "│") : (has_tick ? "+" : "|");
        lines.push_back(without_trailing_spaces(
            std::string(plot_margin, ' ') + pad_left(labels[row], scale_width) + axis + canvas.line(row)));
    }
    for (const std::string& line : bottom_axis(x, canvas, width, terminal.unicode)) lines.push_back(line);
    return lines;
}

Table roofline_legend(const Roofline& roofline) {
    Table legend{{"", "FLOP/byte", "GFLOP/s", "share of the limit"}, {}};
    for (std::size_t i = 0; i < roofline.points.size(); ++i) {
        const Roofline::Point& point = roofline.points[i];
        const bool memory = roofline.roofs.is_memory_bound(point.work);
        legend.rows.push_back(
            {roofline_letter(i) + "  " + point.name, bench::three_digits(flop_per_byte(point)),
             bench::three_digits(flop_per_second(point) / 1e9),
             fmt::format("{:.0f} % of {}", 100 * roofline.roofs.share(point.work, point.seconds),
                         memory ? "reading" : "sgemm")});
    }
    return legend;
}
