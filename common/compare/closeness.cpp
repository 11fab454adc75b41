#include "common/compare/closeness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

namespace {

// float32 sums in another order (docs/numbers.md).
constexpr double noise = 4e-6;

double scale_of(double value) {
    return std::isfinite(value) ? std::max(1.0, std::abs(value)) : 1.0;
}

// PyTorch prints no sign before NaN; fmt would print "-nan" for -inf - (-inf).
std::string in_words(double value) {
    return std::isnan(value) ? "nan" : fmt::format("{:.7g}", value);
}

double distance(double theirs, double ours) {
    if (std::isnan(theirs) && std::isnan(ours)) return 0.0;
    if (std::isfinite(theirs) && std::isfinite(ours)) return std::abs(theirs - ours);
    return theirs == ours ? 0.0 : std::numeric_limits<double>::infinity();
}

Closeness::Kind kind_of(double distance, double unit, double ours, const Writing& writing) {
    if (writing.all_digits) {
        if (distance == 0.0) return Closeness::Kind::same;
        return distance <= noise * scale_of(ours) ? Closeness::Kind::nearly : Closeness::Kind::differs;
    }
    if (distance <= 0.5 * unit + 1e-9 * scale_of(ours)) return Closeness::Kind::same;

    // The last digit may round the other way; of few digits only where ours is close to where it turns.
    const bool fine = writing.digits >= 4 && !writing.whole;
    const double allowed =
        fine ? std::max(1.5 * unit, 0.5 * unit + noise * scale_of(ours)) : 0.5 * unit + noise;
    return distance <= allowed ? Closeness::Kind::nearly : Closeness::Kind::differs;
}

}  // namespace

Numbers numbers_of(const AnyTensor& tensor) {
    Numbers numbers;
    numbers.shape = tensor.shape;
    std::visit(
        [&]<class Value>(const std::vector<Value>& values) {
            for (const Value value : values) {
                if constexpr (std::is_same_v<Value, std::complex<float>>) {
                    numbers.is_complex = true;
                    numbers.values.push_back(static_cast<double>(value.real()));
                    numbers.values.push_back(static_cast<double>(value.imag()));
                } else {
                    numbers.values.push_back(static_cast<double>(value));
                }
            }
        },
        tensor.values);
    return numbers;
}

Numbers numbers_of(const Size& size) {
    Numbers numbers;
    numbers.shape = {size.shape.size()};
    numbers.values.assign(size.shape.begin(), size.shape.end());
    numbers.is_size = true;
    return numbers;
}

Numbers numbers_of(const Shown& shown) {
    return std::visit([](const auto& value) { return numbers_of(value); }, shown.value);
}

PrintedTensor printed_from(const std::string& name, const AnyTensor& tensor) {
    const Numbers numbers = numbers_of(tensor);
    PrintedTensor printed;
    printed.name = name;
    printed.shape = numbers.shape;
    printed.gaps.assign(numbers.shape.size(), 0);
    printed.is_complex = numbers.is_complex;
    for (const double value : numbers.values) printed.numbers.push_back({"", value});
    return printed;
}

Writing writing_of(const PrintedTensor& theirs) {
    Writing writing;
    writing.all_digits = !theirs.numbers.empty() && theirs.numbers.front().text.empty();
    writing.whole = true;
    for (const PrintedNumber& number : theirs.numbers) {
        const std::string mantissa = number.text.substr(0, number.text.find('e'));
        const std::size_t point = mantissa.find('.');
        if (point != std::string::npos) {
            writing.digits = std::max(writing.digits, static_cast<int>(mantissa.size() - point - 1));
        }
        if (mantissa.size() < number.text.size()) writing.whole = false;
    }
    if (writing.digits > 0) writing.whole = false;
    return writing;
}

double Writing::unit(const PrintedNumber& number) const {
    if (all_digits) return 0.0;
    if (whole) return 1e-4 * scale_of(number.value);
    const std::size_t e = number.text.find('e');
    const long exponent = e == std::string::npos ? 0 : std::strtol(number.text.c_str() + e + 1, nullptr, 10);
    return std::pow(10.0, static_cast<double>(exponent) - digits);
}

bool agrees(const PrintedNumber& theirs, double ours, const Writing& writing) {
    return kind_of(distance(theirs.value, ours), writing.unit(theirs), ours, writing) !=
           Closeness::Kind::differs;
}

bool fits_shape(const PrintedTensor& theirs, const Numbers& ours) {
    if (theirs.is_size != ours.is_size || theirs.is_complex != ours.is_complex) return false;
    if (theirs.shape.size() != ours.shape.size()) return false;
    for (std::size_t axis = 0; axis < ours.shape.size(); ++axis) {
        const bool fits = theirs.gaps[axis] > 0 ? theirs.shape[axis] < ours.shape[axis]
                                                : theirs.shape[axis] == ours.shape[axis];
        if (!fits) return false;
    }
    return true;
}

std::vector<std::size_t> places_shown(const PrintedTensor& theirs, const Numbers& ours) {
    const std::size_t parts = ours.is_complex ? 2 : 1;
    std::vector<std::size_t> places{0};
    for (std::size_t axis = 0; axis < ours.shape.size(); ++axis) {
        std::vector<std::size_t> finer;
        finer.reserve(places.size() * theirs.shape[axis]);
        const std::size_t left_out = ours.shape[axis] - theirs.shape[axis];
        for (const std::size_t place : places) {
            for (std::size_t i = 0; i < theirs.shape[axis]; ++i) {
                const bool behind_gap = theirs.gaps[axis] > 0 && i >= theirs.gaps[axis];
                finer.push_back(place * ours.shape[axis] + i + (behind_gap ? left_out : 0));
            }
        }
        places = std::move(finer);
    }
    std::vector<std::size_t> numbers;
    numbers.reserve(places.size() * parts);
    for (const std::size_t place : places) {
        for (std::size_t part = 0; part < parts; ++part) numbers.push_back(place * parts + part);
    }
    return numbers;
}

std::string visible_shape(const PrintedTensor& theirs) {
    std::vector<std::string> sizes;
    for (std::size_t axis = 0; axis < theirs.shape.size(); ++axis) {
        const bool cut = theirs.gaps[axis] > 0;
        sizes.push_back(cut ? fmt::format("over {}", theirs.shape[axis])
                            : fmt::format("{}", theirs.shape[axis]));
    }
    return fmt::format("({}{})", fmt::join(sizes, ", "), sizes.size() == 1 ? "," : "");
}

Closeness compare(const PrintedTensor& theirs, const Numbers& ours) {
    Closeness result;
    if (!fits_shape(theirs, ours)) {
        result.kind = Closeness::Kind::differs;
        result.largest = std::numeric_limits<double>::infinity();
        if (theirs.is_complex != ours.is_complex) {
            result.shapes =
                theirs.is_complex ? "it is complex, here it is not" : "it is not complex, here it is";
        } else if (!theirs.is_size) {
            result.shapes =
                fmt::format("its shape is {}, here it is {}", visible_shape(theirs), to_string(ours.shape));
        } else {
            result.shapes =
                fmt::format("it has {} axes, here it has {}", theirs.numbers.size(), ours.values.size());
        }
        return result;
    }

    const Writing writing = writing_of(theirs);
    const std::vector<std::size_t> places = places_shown(theirs, ours);
    result.digits = writing.digits;
    for (std::size_t i = 0; i < theirs.numbers.size(); ++i) {
        const PrintedNumber& number = theirs.numbers[i];
        const double value = ours.values[places[i]], apart = distance(number.value, value);
        const Closeness::Kind kind = kind_of(apart, writing.unit(number), value, writing);
        if (kind != Closeness::Kind::same) result.largest = std::max(result.largest, apart);
        if (kind == Closeness::Kind::differs && !result.first) {
            result.first = places[i];
            result.theirs_first = number.text.empty() ? in_words(number.value) : number.text;
            result.ours_first = value;
        }
        result.kind = std::max(result.kind, kind);
    }

    const bool exact = result.kind == Closeness::Kind::same;
    // No digit agrees where one side is infinite.
    const double order = std::clamp(-std::log10(result.largest), 0.0, 400.0);
    const int agreeing = result.largest > 0 ? static_cast<int>(order) : result.digits;
    result.good_digits = exact
                             ? result.digits
                             : std::max(0, writing.all_digits ? agreeing : std::min(agreeing, result.digits));
    return result;
}
