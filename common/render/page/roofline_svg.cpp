#include "common/render/page/roofline_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/bench/timing.hpp"
#include "common/render/page/escape.hpp"
#include "common/render/roofline.hpp"

namespace {

struct Place {
    double x, y;
};

class Picture {
  public:
    explicit Picture(const Roofline& roofline) : roofline_(roofline), axes_(axes_of(roofline)) {}

    std::string draw() {
        text_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width_, height_,
                            escape_html("Roofline. The table below has its numbers."));
        grid();
        roof();
        for (std::size_t i = 0; i < roofline_.points.size(); ++i)
            point(roofline_.points[i], roofline_letter(i));
        return text_ + "</svg>\n";
    }

  private:
    static constexpr double left_ = 60, right_ = 700, top_ = 20, bottom_ = 360, width_ = 720, height_ = 410;

    [[nodiscard]] Place place(double flop_per_byte, double flop_per_second) const {
        return {std::lerp(left_, right_, axes_.flop_per_byte.place(flop_per_byte)),
                std::lerp(bottom_, top_, axes_.flop_per_second.place(flop_per_second))};
    }

    void grid() {
        for (const double tick : axes_.flop_per_byte.ticks()) {
            const double x = place(tick, axes_.flop_per_second.low).x;
            line(x, top_, x, bottom_);
            text(x, bottom_ + 18, "middle", fmt::format("{:g}", tick));
        }
        for (const double tick : axes_.flop_per_second.ticks()) {
            const double y = place(axes_.flop_per_byte.low, tick).y;
            line(left_, y, right_, y);
            text(left_ - 8, y + 4, "end", fmt::format("{:g}", tick / 1e9));
        }
        line(left_, bottom_, right_, bottom_);
        line(left_, top_, left_, bottom_);
        text(right_, bottom_ + 38, "end", "FLOP/byte");
        text(left_, top_ - 6, "end", "GFLOP/s");
    }

    // From the left edge, or from where the roof enters the picture, to the corner and to the right edge.
    void roof() {
        const auto& [flops, bytes] = roofline_.roofs;
        const double start = std::max(axes_.flop_per_byte.low, axes_.flop_per_second.low / bytes);
        const Place from = place(start, start * bytes), corner = place(flops / bytes, flops);
        text_ += fmt::format("<path class=\"roof\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}H{}\"/>\n", from.x, from.y,
                             corner.x, corner.y, right_);
        text(right_, corner.y - 8, "end", "sgemm: " + bench::three_digits(flops / 1e9) + " GFLOP/s");
        text((from.x + corner.x) / 2 - 8, (from.y + corner.y) / 2 - 8, "end",
             "reading: " + bench::three_digits(bytes / 1e9) + " GB/s");
    }

    // A dot and its letter. A letter moves to the right until it covers no other.
    void point(const Roofline::Point& point, const std::string& letter) {
        const Place dot = place(flop_per_byte(point), flop_per_second(point));
        Place label{dot.x + 8, dot.y + 4};
        const auto is_covered = [&](const Place& other) {
            return std::abs(other.x - label.x) < 11 && std::abs(other.y - label.y) < 11;
        };
        while (std::any_of(labels_.begin(), labels_.end(), is_covered)) label.x += 4;
        labels_.push_back(label);
        text_ += fmt::format(
            "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"><title>{}: {} GFLOP/s</title></circle>"
            "<text class=\"letter\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
            dot.x, dot.y, escape_html(point.name), bench::three_digits(flop_per_second(point) / 1e9), label.x,
            label.y, letter);
    }

    void line(double x1, double y1, double x2, double y2) {
        text_ +=
            fmt::format("<line class=\"grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                        x1, y1, x2, y2);
    }
    void text(double x, double y, const char* anchor, const std::string& words) {
        text_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                             escape_html(words));
    }

    const Roofline& roofline_;
    RooflineAxes axes_;
    std::vector<Place> labels_;
    std::string text_;
};

}  // namespace

std::string roofline_svg(const Roofline& roofline) {
    return Picture(roofline).draw();
}
