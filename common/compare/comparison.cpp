#include "common/compare/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace {

// The word for one axis, from its letter in the chapter's legend.
std::string word_for(const std::string& letter, bool is_last) {
    if (letter == "B") return "sequence";
    if (letter == "H") return "head";
    if (letter == "H_kv") return "key head";
    if (letter == "S") return "key";
    if (letter == "P") return "position";
    if (is_last) return "column";
    return letter == "T" ? "token" : "row";
}

}  // namespace

std::string place_in_words(std::size_t place, const Shape& shape, const std::vector<std::string>& axes) {
    std::vector<std::string> words;
    for (std::size_t axis = shape.size(); axis-- > 0; place /= shape[axis]) {
        const std::string letter = axis < axes.size() ? axes[axis] : "";
        // A lone axis of tokens, and the batch only where there is one.
        const bool is_last = axis + 1 == shape.size() && !(letter == "T" && shape.size() == 1);
        if (letter == "B" && shape[axis] == 1) continue;
        words.insert(words.begin(), fmt::format("{} {}", word_for(letter, is_last), place % shape[axis]));
    }
    return words.empty() ? "the number" : fmt::format("{}", fmt::join(words, ", "));
}

std::string ComparedTensor::first_place() const {
    if (!closeness.first) return "";
    const std::size_t part = ours.numbers.is_complex ? 2 : 1;
    std::string words = place_in_words(*closeness.first / part, ours.numbers.shape, ours.shown->axes);
    if (ours.numbers.is_size) words = fmt::format("axis {}", *closeness.first);
    if (part == 2) words += *closeness.first % 2 == 0 ? ", real part" : ", imaginary part";
    return words;
}

std::size_t Comparison::count(Result result) const {
    return static_cast<std::size_t>(
        std::count_if(tensors.begin(), tensors.end(),
                      [&](const ComparedTensor& tensor) { return tensor.result == result; }));
}

Comparison compare(const Document& document, const std::string& file,
                   const std::vector<PrintedTensor>& theirs) {
    Comparison comparison{document.chapter, file, {}, {}};
    const std::vector<Expected> ours = expected_tensors(document);
    const std::vector<std::optional<std::size_t>> pairs = pair_up(ours, theirs);

    std::set<std::size_t> used;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (!pairs[i] && !ours[i].required) continue;
        ComparedTensor tensor;
        tensor.ours = ours[i];
        if (pairs[i]) {
            used.insert(*pairs[i]);
            tensor.theirs = &theirs[*pairs[i]];
            if (tensor.theirs->damage.empty()) {
                tensor.closeness = compare(*tensor.theirs, ours[i].numbers);
                tensor.result = tensor.closeness.agrees() ? Result::agrees : Result::differs;
            } else {
                tensor.result = Result::unreadable;
            }
        }
        comparison.tensors.push_back(std::move(tensor));
    }
    for (std::size_t j = 0; j < theirs.size(); ++j) {
        if (!used.contains(j)) comparison.unexpected.push_back(&theirs[j]);
    }
    return comparison;
}

std::string summary_line(const Comparison& comparison) {
    std::string line = fmt::format("chapter {}  {} of {} tensors agree", comparison.chapter.number,
                                   comparison.count(Result::agrees), comparison.tensors.size());
    const auto add = [&](Result result, const char* one, const char* many) {
        const std::size_t count = comparison.count(result);
        if (count > 0) line += fmt::format(", {} {}", count, count == 1 ? one : many);
    };
    add(Result::differs, "differs", "differ");
    add(Result::unreadable, "cannot be read", "cannot be read");
    add(Result::not_found, "not found", "not found");
    return line;
}
