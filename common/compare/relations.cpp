#include "common/compare/relations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

namespace {

// Fewer different numbers than this agree with almost anything.
constexpr std::size_t enough_numbers = 4;

std::size_t different_numbers(const Numbers& ours) {
    std::set<double> different;
    for (const double value : ours.values) {
        if (std::isfinite(value) && value != 0.0) different.insert(value);
    }
    return different.size();
}

// The numbers between two bounds; empty where the bounds have crossed.
struct Interval {
    double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
    void cut(double a, double b) {
        low = std::max(low, std::min(a, b));
        high = std::min(high, std::max(a, b));
    }
    [[nodiscard]] bool contains(double x) const { return low <= x && x <= high; }
    [[nodiscard]] double middle() const { return (low + high) / 2; }
};

// The largest distance between a printed number and its value before rounding.
double reach(const PrintedNumber& number, const Writing& writing) {
    return 0.5 * writing.unit(number) + 2e-6 * std::max(1.0, std::abs(number.value));
}

// --- a factor

// "√2" for 1.4142, "1/√64" for 0.125 where 64 is a size of the chapter; "" if the number says nothing.
std::string recognised(const Interval& ratio, const std::vector<std::size_t>& sizes) {
    for (const std::size_t size : sizes) {
        const auto n = static_cast<double>(size);
        if (size < 2) continue;
        if (ratio.contains(std::sqrt(n))) return fmt::format("√{}", size);
        if (ratio.contains(1 / std::sqrt(n))) return fmt::format("1/√{}", size);
        if (ratio.contains(n)) return fmt::format("{}", size);
        if (ratio.contains(1 / n)) return fmt::format("1/{}", size);
    }
    return "";
}

std::optional<Hint> constant_ratio(const PrintedTensor& theirs, const Numbers& ours,
                                   const std::vector<std::size_t>& sizes) {
    if (!fits_shape(theirs, ours)) return std::nullopt;
    const Writing writing = writing_of(theirs);
    const std::vector<std::size_t> places = places_shown(theirs, ours);
    Interval ratio;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const PrintedNumber& number = theirs.numbers[i];
        const double value = ours.values[places[i]], half = reach(number, writing);
        if (!std::isfinite(value) || !std::isfinite(number.value) || std::abs(value) < 1e-6) {
            if (!agrees(number, value, writing)) return std::nullopt;
            continue;
        }
        ratio.cut((number.value - half) / value, (number.value + half) / value);
    }
    const bool narrow = ratio.low <= ratio.high && ratio.high - ratio.low < 0.02 * std::abs(ratio.middle());
    if (!narrow || ratio.contains(0)) return std::nullopt;

    if (ratio.contains(-1)) {
        return Hint{"sign", "every number has the other sign", "look for a minus"};
    }
    const std::string known = recognised(ratio, sizes);
    return Hint{
        "constant-ratio",
        fmt::format("yours = ours x {:.4f}{}", ratio.middle(), known.empty() ? "" : ", which is " + known),
        "look for a scale that is missing, applied twice, or of another width"};
}

// --- the same numbers in other places

// `values` seen as (outer, size of the axis, inner).
struct Slices {
    std::size_t outer = 1, size = 1, inner = 1;
    Slices(const Numbers& ours, std::size_t axis) : size(ours.shape[axis]), inner(ours.is_complex ? 2 : 1) {
        for (std::size_t a = 0; a < axis; ++a) outer *= ours.shape[a];
        for (std::size_t a = axis + 1; a < ours.shape.size(); ++a) inner *= ours.shape[a];
    }
    [[nodiscard]] std::size_t at(std::size_t o, std::size_t i, std::size_t n) const {
        return (o * size + i) * inner + n;
    }
};

// Whether slice i of theirs is slice j of ours.
bool same_slice(const PrintedTensor& theirs, std::size_t i, const Numbers& ours, std::size_t j,
                const Slices& slices, const Writing& writing) {
    for (std::size_t o = 0; o < slices.outer; ++o) {
        for (std::size_t n = 0; n < slices.inner; ++n) {
            if (!agrees(theirs.numbers[slices.at(o, i, n)], ours.values[slices.at(o, j, n)], writing))
                return false;
        }
    }
    return true;
}

Numbers with_axes_swapped(const Numbers& ours, std::size_t a, std::size_t b) {
    Numbers swapped = ours;
    std::swap(swapped.shape[a], swapped.shape[b]);
    const std::size_t rank = ours.shape.size(), parts = ours.is_complex ? 2 : 1;
    std::vector<std::size_t> index(rank);
    for (std::size_t flat = 0; flat < ours.values.size() / parts; ++flat) {
        std::size_t rest = flat;
        for (std::size_t axis = rank; axis-- > 0; rest /= ours.shape[axis])
            index[axis] = rest % ours.shape[axis];
        std::swap(index[a], index[b]);
        std::size_t target = 0;
        for (std::size_t axis = 0; axis < rank; ++axis) target = target * swapped.shape[axis] + index[axis];
        for (std::size_t part = 0; part < parts; ++part) {
            swapped.values[target * parts + part] = ours.values[flat * parts + part];
        }
    }
    return swapped;
}

std::optional<Hint> transposed(const PrintedTensor& theirs, const Numbers& ours) {
    for (std::size_t b = ours.shape.size(); b-- > 1;) {
        for (std::size_t a = b; a-- > 0;) {
            if (!compare(theirs, with_axes_swapped(ours, a, b)).agrees()) continue;
            return Hint{"transposed", fmt::format("yours is ours with axes {} and {} swapped", a, b),
                        "look for a transpose that is missing or too many"};
        }
    }
    return std::nullopt;
}

std::optional<Hint> permuted(const PrintedTensor& theirs, const Numbers& ours) {
    constexpr std::size_t longest_axis = 64;
    if (!fits_shape(theirs, ours) || different_numbers(ours) < enough_numbers) return std::nullopt;
    const Writing writing = writing_of(theirs);
    for (std::size_t axis = 0; axis < ours.shape.size(); ++axis) {
        const Slices slices(ours, axis);
        if (theirs.gaps[axis] > 0 || slices.size > longest_axis) continue;
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < slices.size && order.size() == i; ++i) {
            for (std::size_t j = 0; j < slices.size; ++j) {
                const bool used = std::find(order.begin(), order.end(), j) != order.end();
                if (used || !same_slice(theirs, i, ours, j, slices, writing)) continue;
                order.push_back(j);
                break;
            }
        }
        if (order.size() != slices.size) continue;
        return Hint{"permuted",
                    fmt::format("the same slices in another order along axis {}: yours has ours [{}]", axis,
                                fmt::join(order, ", ")),
                    "look at the order in which they are made"};
    }
    return std::nullopt;
}

// Along one axis everything stands one place later or earlier.
std::optional<Hint> shifted(const PrintedTensor& theirs, const Numbers& ours) {
    if (!fits_shape(theirs, ours) || different_numbers(ours) < enough_numbers) return std::nullopt;
    const Writing writing = writing_of(theirs);
    for (std::size_t axis = 0; axis < ours.shape.size(); ++axis) {
        const Slices slices(ours, axis);
        if (theirs.gaps[axis] > 0 || slices.size < 4) continue;
        for (const bool later : {true, false}) {
            bool all = true;
            for (std::size_t i = 1; i < slices.size && all; ++i) {
                all = same_slice(theirs, later ? i : i - 1, ours, later ? i - 1 : i, slices, writing);
            }
            if (!all) continue;
            return Hint{
                "shifted",
                fmt::format("along axis {} yours stands one place {}", axis, later ? "later" : "earlier"),
                "look for a start or a position that is off by one"};
        }
    }
    return std::nullopt;
}

bool same_numbers_sorted(const PrintedTensor& theirs, const Numbers& ours) {
    std::vector<PrintedNumber> their_numbers = theirs.numbers;
    std::vector<double> our_numbers = ours.values;
    const auto is_nan = [](double value) { return std::isnan(value); };
    if (std::any_of(our_numbers.begin(), our_numbers.end(), is_nan)) return false;
    std::sort(their_numbers.begin(), their_numbers.end(),
              [](const PrintedNumber& a, const PrintedNumber& b) { return a.value < b.value; });
    std::sort(our_numbers.begin(), our_numbers.end());
    const Writing writing = writing_of(theirs);
    return std::equal(
        their_numbers.begin(), their_numbers.end(), our_numbers.begin(), our_numbers.end(),
        [&](const PrintedNumber& number, double value) { return agrees(number, value, writing); });
}

// All numbers are there, but in other places: a view instead of a transpose, or another shape.
std::optional<Hint> rearranged(const PrintedTensor& theirs, const Numbers& ours) {
    const auto is_cut = [](std::size_t gap) { return gap > 0; };
    const bool all_visible = std::none_of(theirs.gaps.begin(), theirs.gaps.end(), is_cut);
    if (!all_visible || theirs.numbers.size() != ours.values.size()) return std::nullopt;
    if (theirs.is_size != ours.is_size || different_numbers(ours) < enough_numbers) return std::nullopt;

    const Writing writing = writing_of(theirs);
    const bool same_order =
        std::equal(theirs.numbers.begin(), theirs.numbers.end(), ours.values.begin(),
                   [&](const auto& number, double value) { return agrees(number, value, writing); });
    if (same_order) {
        return Hint{"other-shape", "the same numbers in the same order, under another shape",
                    "look for a view, a squeeze or a missing batch axis"};
    }
    if (!same_numbers_sorted(theirs, ours)) return std::nullopt;
    return Hint{"rearranged", "the same numbers, in other places",
                "look for a view or reshape where a transpose belongs"};
}

// --- one vector more

// Every row is off by the same vector, as with a bias.
std::optional<Hint> offset(const PrintedTensor& theirs, const Numbers& ours) {
    if (!fits_shape(theirs, ours) || ours.is_size || ours.is_complex || ours.shape.empty())
        return std::nullopt;
    const std::size_t columns = theirs.shape.back();
    if (columns == 0 || theirs.numbers.size() / columns < 3) return std::nullopt;
    const Writing writing = writing_of(theirs);
    const std::vector<std::size_t> places = places_shown(theirs, ours);
    std::vector<Interval> offsets(columns);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const PrintedNumber& number = theirs.numbers[i];
        const double value = ours.values[places[i]], half = reach(number, writing);
        if (!std::isfinite(value) || !std::isfinite(number.value)) return std::nullopt;
        Interval& column = offsets[i % columns];
        column.cut(number.value - value - half, number.value - value + half);
        if (column.low > column.high) return std::nullopt;
    }
    if (different_numbers(ours) <= columns) return std::nullopt;

    constexpr std::size_t enough = 4;
    std::vector<std::string> shown;
    for (std::size_t c = 0; c < std::min(columns, enough); ++c)
        shown.push_back(fmt::format("{:.4f}", offsets[c].middle()));
    return Hint{"offset",
                fmt::format("every row is off by the same vector: yours = ours + ({}{})",
                            fmt::join(shown, ", "), columns > enough ? ", ..." : ""),
                "look for a bias where none belongs, or one that is missing"};
}

}  // namespace

std::optional<Hint> relation_between(const PrintedTensor& theirs, const Numbers& ours,
                                     const std::vector<std::size_t>& sizes) {
    if (!theirs.damage.empty() || theirs.numbers.empty()) return std::nullopt;
    if (different_numbers(ours) >= 2) {
        if (const auto hint = constant_ratio(theirs, ours, sizes)) return hint;
    }
    for (const auto relation : {transposed, permuted, shifted, offset, rearranged}) {
        if (std::optional<Hint> hint = relation(theirs, ours)) return hint;
    }
    return std::nullopt;
}
