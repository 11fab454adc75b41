#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "common/compare/report.hpp"
#include "common/printable.hpp"
#include "common/render/text_layout.hpp"

namespace {

constexpr std::string_view green = "\x1b[32m", red = "\x1b[31m", yellow = "\x1b[33m", bold = "\x1b[1m";
constexpr std::size_t longest_name = 30, most_unexpected = 12;

class TerminalReport {
  public:
    explicit TerminalReport(const Terminal& terminal) : terminal_(terminal) {}

    std::string write(const Comparison& comparison) {
        const Chapter& chapter = comparison.chapter;
        line(styled(bold, fmt::format("Chapter {}  {}", chapter.number, say(chapter.title))));
        line("and " + shortened(printable(comparison.file), 200));
        line();
        for (const ComparedTensor& tensor : comparison.tensors) {
            name_width_ = std::max(name_width_, columns(shown_name(tensor)));
            if (tensor.theirs != nullptr)
                where_width_ = std::max(where_width_, columns(tensor.theirs->where));
        }
        for (const ComparedTensor& tensor : comparison.tensors) write(tensor);
        write_unexpected(comparison.unexpected);
        line();
        line(summary_line(comparison));
        return std::move(text_);
    }

  private:
    // ✗ masked    In [20]    differs
    void write(const ComparedTensor& tensor) {
        const std::string where = tensor.theirs == nullptr ? "" : tensor.theirs->where;
        std::string result = result_name(tensor.result);
        std::string_view color = red, tick = "✗";
        if (tensor.result == Result::agrees) {
            result = agreement_in_words(tensor.closeness);
            color = green;
            tick = "✓";
        } else if (tensor.result == Result::not_found) {
            color = yellow;
            tick = "?";
        }
        line(fmt::format("  {} {}  {}  {}",
                         styled(color, pad_right(say(std::string(tick)), terminal_.unicode ? 1 : 7)),
                         pad_right(shown_name(tensor), name_width_), pad_right(where, where_width_), result));
        if (tensor.result == Result::unreadable) detail(tensor.theirs->damage);
        if (tensor.result == Result::differs) write_difference(tensor);
    }

    void write_difference(const ComparedTensor& tensor) {
        const std::string name = shortened(tensor.theirs->name, longest_name);
        const bool other_name = !name.empty() && name != tensor.ours.shown->name;
        detail((other_name ? "printed as " + name + "; " : "") + difference_in_words(tensor));
        if (tensor.hint) {
            const std::string advice =
                tensor.hint->advice.empty() ? "" : " What to do: " + tensor.hint->advice + ".";
            detail(fmt::format("Why: {}.{}", tensor.hint->cause, advice), bold);
        } else if (!tensor.follows_from.empty()) {
            detail("It follows from " + tensor.follows_from + " above.");
        } else if (differs_before_.empty()) {
            detail("None of the causes that are known here gives these numbers.");
        } else {
            detail("None of the causes that are known here; but " + differs_before_ +
                   " above differs already.");
        }
        if (differs_before_.empty()) differs_before_ = tensor.ours.shown->name;
    }

    void write_unexpected(const std::vector<const PrintedTensor*>& unexpected) {
        if (unexpected.empty()) return;
        std::vector<std::string> names;
        for (const PrintedTensor* printed : unexpected) {
            if (names.size() == most_unexpected) break;
            const std::string& name = printed->name.empty() ? printed->words : printed->name;
            names.push_back(fmt::format("{} ({})", name.empty() ? "no name" : shortened(name, longest_name),
                                        printed->where));
        }
        const std::size_t rest = unexpected.size() - names.size();
        line();
        for (const std::string& wrapped :
             wrap(say(fmt::format("Printed there too, but not in this chapter: {}{}", fmt::join(names, ", "),
                                  rest > 0 ? fmt::format(", and {} more", rest) : "")),
                  terminal_.width - 2)) {
            line("  " + wrapped);
        }
    }

    void detail(const std::string& text, std::string_view style = {}) {
        for (const std::string& wrapped : wrap(say(text), terminal_.width - 6))
            line("      " + styled(style, wrapped));
    }

    [[nodiscard]] std::string shown_name(const ComparedTensor& tensor) const {
        return say(shortened(tensor.ours.shown->name, longest_name));
    }

    void line(const std::string& text = "") { text_ += text + "\n"; }

    [[nodiscard]] std::string say(const std::string& text) const {
        return terminal_.unicode ? text : to_ascii(text);
    }

    [[nodiscard]] std::string styled(std::string_view style, const std::string& text) const {
        if (terminal_.colors == Colors::none || style.empty()) return text;
        return fmt::format("{}{}\x1b[0m", style, text);
    }

    const Terminal& terminal_;
    std::string text_;
    std::string differs_before_;  // the first tensor that differs
    std::size_t name_width_ = 0, where_width_ = 0;
};

}  // namespace

std::string report_for_terminal(const Comparison& comparison, const Terminal& terminal) {
    return TerminalReport(terminal).write(comparison);
}
