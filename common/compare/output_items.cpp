#include "common/compare/output_items.hpp"

#include <algorithm>
#include <utility>

#include "common/compare/read_value.hpp"

namespace {

// "Out[5]: " belongs to the notebook, "Parameter containing:" to PyTorch.
std::string without_decoration(std::string words) {
    for (const std::string_view decoration : {"Out", "Parameter containing:"}) {
        if (!words.starts_with(decoration)) continue;
        const std::size_t colon = words.find(':');
        const bool is_out = decoration == "Out" && words.substr(3).starts_with('[');
        if (colon != std::string::npos && (is_out || decoration != "Out")) {
            words = single_spaced(words.substr(colon + 1));
        }
    }
    return words;
}

// A bare [[...]] is a value at the start of a line or behind "words:", not in the middle of a sentence.
bool may_stand_here(std::string_view before, bool bare, bool among_code) {
    if (among_code && before.find_first_of("=#>") != std::string_view::npos) return false;
    if (!bare) return true;
    const std::size_t last = before.find_last_not_of(" \t");
    return last == std::string_view::npos || before[last] == ':' || before[last] == '=';
}

}  // namespace

std::vector<OutputItem> items_in(std::string_view output, bool among_code) {
    std::vector<OutputItem> items;
    std::size_t line_start = 0, words_from = 0, numbers_left = most_numbers;
    const auto words_before = [&](std::size_t at) { return output.substr(words_from, at - words_from); };
    const auto end_line = [&](std::size_t at) {
        const std::string words = without_decoration(single_spaced(words_before(at)));
        if (!words.empty() && words.find_first_not_of(",()[]{}") != std::string::npos) {
            items.push_back({words, std::nullopt, line_start});
        }
        line_start = words_from = at + 1;
    };

    for (std::size_t at = 0; at < output.size(); ++at) {
        if (output[at] == '\n') {
            end_line(at);
            continue;
        }
        const std::string_view before = words_before(at);
        if (!value_starts_at(output, at) || !may_stand_here(before, output[at] == '[', among_code)) continue;

        std::size_t end = at;
        std::optional<PrintedTensor> value = read_value(output, end, numbers_left);
        if (!value) continue;
        numbers_left -= value->numbers.size();
        items.push_back({without_decoration(single_spaced(before)), std::move(value), at});
        at = end - 1;
        words_from = end;
    }
    end_line(output.size());
    return items;
}

void ValueNames::see(OutputItem& item) {
    const auto with_words = [&](const std::string& words) {
        const auto fits = [&](const PrintedExpression& e) { return e.words == words && !words.empty(); };
        const auto turn = expressions_.begin() + static_cast<std::ptrdiff_t>(next_);
        const auto later = std::find_if(turn, expressions_.end(), fits);
        return later != expressions_.end() ? later
                                           : std::find_if(expressions_.begin(), expressions_.end(), fits);
    };
    const auto take = [&](auto expression) {
        item.value->name = expression->expression;
        next_ = static_cast<std::size_t>(expression - expressions_.begin()) + 1;
        words_seen_ = false;
    };

    // A line of words may be what a print says before its tensor, or what another print says.
    if (!item.value) {
        line_above_ = item.words;
        const auto found = with_words(item.words);
        if (found != expressions_.end()) {
            next_ = static_cast<std::size_t>(found - expressions_.begin());
            words_seen_ = true;
        } else if (next_ < expressions_.size()) {
            const std::string& words = expressions_[next_].words;
            if (words.empty() || item.words.starts_with(words)) ++next_;
        }
        return;
    }

    in_use_ = true;
    item.value->words = item.words;
    const std::string line_above = std::exchange(line_above_, "");
    const auto found = with_words(item.words);
    if (found != expressions_.end()) return take(found);

    // Without words of its own: the print whose words have just been read, or the next one that says nothing.
    const auto turn =
        expressions_.begin() + static_cast<std::ptrdiff_t>(std::min(next_, expressions_.size()));
    if (words_seen_ && turn != expressions_.end()) {
        item.value->words = line_above;
        return take(turn);
    }
    if (!item.words.empty()) return;
    const auto silent = [](const PrintedExpression& e) { return e.words.empty(); };
    const auto next = std::find_if(turn, expressions_.end(), silent);
    if (next != expressions_.end()) return take(next);
    const auto first = std::find_if(expressions_.begin(), expressions_.end(), silent);
    if (first != expressions_.end()) return take(first);
    item.value->words = line_above;
}
