// A roofline in the terminal and in a page.
#include "common/render/roofline.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "common/render/page/roofline_svg.hpp"
#include "common/render/text_layout.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/text.hpp"

namespace {

// Roofs of 100 GFLOP/s and 10 GB/s, which meet at 10 FLOP/byte.
Roofline some_roofline() {
    return {"title",
            {100e9, 10e9},
            {{"below the slope", {1e9, 1e9}, 0.2},     // 1 FLOP/byte, 5 of 10 GFLOP/s
             {"below the flat roof", {1e11, 1e9}, 2},  // 100 FLOP/byte, 50 of 100 GFLOP/s
             {"beside it", {1e11, 1e9}, 2.01}}};
}

std::string drawn(const Roofline& roofline, const Terminal& terminal) {
    return fmt::format("\n{}\n", fmt::join(draw_roofline(roofline, terminal), "\n"));
}

}  // namespace

TEST_CASE("roofline: the picture in a terminal") {
    Terminal narrow;
    narrow.width = 51;
    CHECK(drawn(some_roofline(), narrow) == R"(
    GFLOP/s
          │
          │
       100┤                     ───────────────────
          │                   ··
          │                 ··                bc
          │               ··
          │             ··
          │           ··
          │         ··
        10┤       ··
          │     ··
          │   ··
          │ ··    a
          │·
          │
          │
          └───────┴─────────────┴─────────────┴────
                  1             10            100
                                          FLOP/byte
)");
    narrow.unicode = false;
    const std::string ascii = drawn(some_roofline(), narrow);
    CHECK(
        std::all_of(ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) < 128; }));
}

TEST_CASE("roofline: no line is wider than the terminal") {
    for (const std::size_t width : {31U, 80U, 200U}) {
        Terminal terminal;
        terminal.width = width;
        for (const std::string& line : draw_roofline(some_roofline(), terminal)) {
            CAPTURE(line);
            CHECK(columns(line) <= width);
        }
    }
}

TEST_CASE("roofline: the legend has each point's share of the limit above it") {
    const Table legend = roofline_legend(some_roofline());
    CHECK(legend.rows.at(0) == std::vector<std::string>{"a  below the slope", "1", "5", "50 % of reading"});
    CHECK(legend.rows.at(1) ==
          std::vector<std::string>{"b  below the flat roof", "100", "50", "50 % of sgemm"});
}

TEST_CASE("roofline: letters, and what comes after them") {
    CHECK(roofline_letter(0) == "a");
    CHECK(roofline_letter(26) == "A");
    CHECK(roofline_letter(51) == "Z");
    CHECK(roofline_letter(52) == "*");
}

TEST_CASE("roofline: the picture of a page") {
    Roofline roofline = some_roofline();
    roofline.points[0].name = "<b>";
    const std::string svg = roofline_svg(roofline);
    // The axes go from 1/3 to 200 FLOP/byte and from 5/3 to 200 GFLOP/s; this point is at 1 and 5.
    CHECK(has(svg, "<circle cx=\"169.9\" cy=\"282.0\" r=\"5\"><title>&lt;b&gt;: 5 GFLOP/s</title>"));
    CHECK(has(svg, "sgemm: 100 GFLOP/s"));
    CHECK(has(svg, "reading: 10 GB/s"));
    // The letter of the third point would cover that of the second.
    CHECK(has(svg, ">b</text>"));
    CHECK(has(svg, ">c</text>"));
    CHECK_FALSE(has(svg, "style="));  // a page's policy forbids it
    CHECK_FALSE(has(svg, "nan"));
}

TEST_CASE("roofline: a step refuses what has no logarithm") {
    Step step;
    Roofline roofline = some_roofline();
    CHECK_NOTHROW(step.roofline(roofline));
    roofline.points[1].work.flop = 0;
    CHECK_THROWS_WITH(step.roofline(roofline), "roofline: a number of below the flat roof is not above zero");
    roofline = some_roofline();
    roofline.roofs.bytes_per_second = std::nan("");
    CHECK_THROWS_WITH(step.roofline(roofline), "roofline: a number of the limits is not above zero");
}
