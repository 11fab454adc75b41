// The number format of one tensor. PyTorch looks at all its numbers and chooses ONE style and ONE width, so
// that columns line up.
#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace torch {

class NumberStyle {
  public:
    // Chooses the style from the values that will be visible; `precision` is the number of digits after the
    // point.
    NumberStyle(std::span<const double> visible, int precision);

    // `value` in this style, padded on the left to `width()`.
    [[nodiscard]] std::string format(double value) const;
    [[nodiscard]] std::size_t width() const { return width_; }

  private:
    enum class Style {
        integer,    // "2." where every value is whole
        fixed,      // "0.1234"
        scientific  // "1.2340e-05" where the values are too far apart, too large or too small
    };

    [[nodiscard]] std::string write(double value) const;

    Style style_ = Style::integer;
    int precision_;
    std::size_t width_ = 1;
};

}  // namespace torch
