// A roofline as a picture: each point is a computation. To the right: more operations for each byte. Up: more
// operations in a second. No point can be above the roof, which rises as fast as memory is read and becomes
// flat where the processor multiplies as fast as it can.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"

// Both axes are logarithmic. They have room for all points and for the corner of the roof.
struct RooflineAxes {
    struct Axis {
        double low, high;
        // 0 at `low`, 1 at `high`.
        [[nodiscard]] double place(double value) const;
        // The value at a place.
        [[nodiscard]] double at(double place) const;
        // The powers of ten on the axis.
        [[nodiscard]] std::vector<double> ticks() const;
    };
    Axis flop_per_byte, flop_per_second;
};
RooflineAxes axes_of(const Roofline& roofline);

double flop_per_byte(const Roofline::Point& point);
double flop_per_second(const Roofline::Point& point);

// The roof above a computation.
double roof_at(const bench::Roofs& roofs, double flop_per_byte);

// "a", "b" ... "z", "A" ...: the letter of the i-th point; "*" after 52.
std::string roofline_letter(std::size_t i);

// The lines of the picture in the terminal. Two points in one place stand beside each other.
std::vector<std::string> draw_roofline(const Roofline& roofline, const Terminal& terminal);

// The names of the letters, with their numbers: FLOP/byte, GFLOP/s, and the share of the limit above them.
Table roofline_legend(const Roofline& roofline);
