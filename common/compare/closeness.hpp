// Compares a printed tensor with a tensor of ours, to the number of digits that were printed.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/compare/printed_tensor.hpp"
#include "common/document/step.hpp"

// The numbers of a tensor or size of ours. A complex tensor gives the real and imaginary part in turn.
struct Numbers {
    Shape shape;
    std::vector<double> values;
    bool is_size = false;
    bool is_complex = false;
};
Numbers numbers_of(const AnyTensor& tensor);
Numbers numbers_of(const Size& size);
Numbers numbers_of(const Shown& shown);

// A tensor that was computed and not printed, as if all its digits had been read.
PrintedTensor printed_from(const std::string& name, const AnyTensor& tensor);

struct Closeness {
    enum class Kind {
        same,    // every number prints the same
        nearly,  // same except for the last digit, or for float32 rounding
        differs,
    };
    Kind kind = Kind::same;
    int digits = 0;       // after the point that were shown; 0: whole numbers, or all digits of a file
    int good_digits = 0;  // how many of them agree
    double largest = 0;   // the largest |theirs - ours|; infinite where one side is NaN or infinite
    std::optional<std::size_t> first;  // the first number that differs, by its place in ours
    std::string theirs_first;          // as it is written there
    double ours_first = 0;
    std::string shapes;  // if the shapes differ: "its shape is (6, 2), here it is (2, 6)"

    [[nodiscard]] bool agrees() const { return kind != Kind::differs; }
};

Closeness compare(const PrintedTensor& theirs, const Numbers& ours);

// Whether the visible part of the printed tensor fits the shape of ours.
bool fits_shape(const PrintedTensor& theirs, const Numbers& ours);

// The index into our numbers for each printed number; "..." omits some. The shapes must fit.
std::vector<std::size_t> places_shown(const PrintedTensor& theirs, const Numbers& ours);

// The precision of the printed numbers.
struct Writing {
    int digits = 0;           // after the point
    bool all_digits = false;  // from a file
    bool whole = false;       // "2.": PyTorch writes it so only where every number is whole

    // One unit of this number's last printed digit.
    [[nodiscard]] double unit(const PrintedNumber& number) const;
};
Writing writing_of(const PrintedTensor& theirs);

// Whether a printed number equals a number of ours, to the printed digits.
bool agrees(const PrintedNumber& theirs, double ours, const Writing& writing);

// "(over 6, 4)": the shape of a printed tensor. "over 6" means 6 visible positions and "...".
std::string visible_shape(const PrintedTensor& theirs);
