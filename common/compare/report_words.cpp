#include <fmt/format.h>

#include <cmath>

#include "common/compare/report.hpp"
#include "common/render/text_layout.hpp"

namespace {

// Our number with as many digits as theirs.
std::string our_number(const Closeness& closeness) {
    const bool scientific = closeness.theirs_first.find('e') != std::string::npos;
    const double value = closeness.ours_first;
    if (std::isnan(value)) return "nan";  // its sign means nothing
    if (std::isinf(value)) return fmt::format("{}", value);
    if (closeness.digits == 0) return fmt::format("{:.7g}", value);
    return scientific ? fmt::format("{:.{}e}", value, closeness.digits)
                      : fmt::format("{:.{}f}", value, closeness.digits);
}

}  // namespace

std::string result_name(Result result) {
    switch (result) {
        case Result::agrees:
            return "agrees";
        case Result::differs:
            return "differs";
        case Result::unreadable:
            return "cannot be read";
        case Result::not_found:
            break;
    }
    return "not found";
}

std::string agreement_in_words(const Closeness& closeness) {
    if (closeness.kind == Closeness::Kind::same) {
        return closeness.digits > 0 ? fmt::format("agrees, all {} digits", closeness.digits) : "agrees";
    }
    if (closeness.digits > 0 && closeness.good_digits + 1 >= closeness.digits) {
        return fmt::format("agrees but for the last of {} digits", closeness.digits);
    }
    if (closeness.digits > 0) {
        return fmt::format("agrees to {} of {} digits", closeness.good_digits, closeness.digits);
    }
    return fmt::format("agrees, largest difference {:.1e}", closeness.largest);
}

std::string difference_in_words(const ComparedTensor& tensor) {
    const Closeness& closeness = tensor.closeness;
    if (!closeness.shapes.empty()) return closeness.shapes;
    std::string words = fmt::format("first at {}: yours {}, here {}", tensor.first_place(),
                                    closeness.theirs_first, our_number(closeness));
    if (std::isfinite(closeness.largest))
        words += fmt::format("; largest difference {:.2g}", closeness.largest);
    return words;
}

std::string shortened(const std::string& text, std::size_t most) {
    return columns(text) > most ? cut(text, most - 3) + "..." : text;
}
