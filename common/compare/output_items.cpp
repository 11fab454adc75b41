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
// Among source, x = [[...]] is a part of it.
bool bare_may_follow(std::string_view before, bool among_code) {
    const std::size_t last = before.find_last_not_of(" \t");
    return last == std::string_view::npos || before[last] == ':' || (before[last] == '=' && !among_code);
}

}  // namespace

void for_each_item(std::string_view output, bool among_code, const std::function<void(OutputItem&&)>& visit) {
    std::size_t line_start = 0, words_from = 0, numbers_left = most_numbers;
    const auto words_before = [&](std::size_t at) { return output.substr(words_from, at - words_from); };
    const auto end_line = [&](std::size_t at) {
        const std::string words = without_decoration(single_spaced(words_before(at)));
        if (!words.empty() && words.find_first_not_of(",()[]{}") != std::string::npos) {
            visit({words, std::nullopt, line_start});
        }
        line_start = words_from = at + 1;
    };

    int patience = 100'000;  // for what starts like a value and is none
    bool in_source = false;
    for (std::size_t at = 0; at < output.size(); ++at) {
        const char c = output[at];
        if (c == '\n') {
            end_line(at);
            in_source = false;
            continue;
        }
        // Behind ==, # or > there is source, up to the end of the line.
        const bool compares = c == '=' && output.substr(at).starts_with("==");
        in_source = in_source || (among_code && (compares || c == '#' || c == '>'));
        if (in_source || patience == 0 || !value_starts_at(output, at)) continue;
        const std::string_view before = words_before(at);
        if (c == '[' && !bare_may_follow(before, among_code)) continue;

        std::size_t end = at;
        std::optional<PrintedTensor> value = read_value(output, end, numbers_left);
        if (!value) {
            --patience;
            continue;
        }
        numbers_left -= value->numbers.size();
        visit({without_decoration(single_spaced(before)), std::move(value), at});
        at = end - 1;
        words_from = end;
    }
    end_line(output.size());
}

void ValueNames::add(PrintedExpression expression) {
    places_[expression.words].push_back(expressions_.size());
    expressions_.push_back(std::move(expression));
}

std::optional<std::size_t> ValueNames::printed_after(const std::string& words) const {
    const auto found = places_.find(words);
    if (found == places_.end()) return std::nullopt;
    const auto later = std::lower_bound(found->second.begin(), found->second.end(), next_);
    return later == found->second.end() ? found->second.front() : *later;
}

void ValueNames::take(std::size_t place, PrintedTensor& value) {
    value.name = expressions_[place].expression;
    next_ = place + 1;
    words_seen_ = false;
}

void ValueNames::see(OutputItem& item) {
    // A line of words may be what a print says before its tensor, or what another print says.
    if (!item.value) {
        line_above_ = item.words;
        if (const auto place = printed_after(item.words)) {
            next_ = *place;
            words_seen_ = true;
        } else if (next_ < expressions_.size() && item.words.starts_with(expressions_[next_].words)) {
            ++next_;
        }
        return;
    }

    PrintedTensor& value = *item.value;
    const std::string line_above = std::exchange(line_above_, "");
    value.words = item.words;
    in_use_ = true;
    if (!item.words.empty()) {
        if (const auto place = printed_after(item.words)) take(*place, value);
        return;
    }

    // Without words of its own: the print whose words have just been read, or the next one that says nothing.
    if (words_seen_ && next_ < expressions_.size()) {
        value.words = line_above;
        take(next_, value);
    } else if (const auto place = printed_after("")) {
        take(*place, value);
    } else {
        value.words = line_above;
    }
}
