#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/compare/output_items.hpp"
#include "common/compare/read_prints.hpp"
#include "common/compare/read_value.hpp"

namespace {

// The number in "In [30]:" or "[30]:" at the start of a line, as "In [30]"; "" on any other line.
std::string cell_name(std::string_view line) {
    const std::size_t open = line.find('[');
    const std::size_t close = line.find("]:");
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return "";
    const std::string before = single_spaced(line.substr(0, open));
    const std::string_view number = line.substr(open + 1, close - open - 1);
    const bool is_number = number.find_first_not_of(" 0123456789") == std::string_view::npos;
    if ((before != "In" && !before.empty()) || !is_number || number.size() > 9) return "";
    return fmt::format("In [{}]", single_spaced(number));
}

// Calls, function heads and classes are source and no output: `name(...)`, unless it is a value.
// They become blanks, so that what is left of the text can be read as an output.
std::string without_calls(std::string_view text) {
    std::string rest(text);
    int patience = 1000;  // for parentheses that do not close
    for (std::size_t i = 1; i < text.size() && patience > 0; ++i) {
        if (text[i] != '(' || !is_name_character(text[i - 1])) continue;
        std::size_t start = i;
        while (start > 0 && (is_name_character(text[start - 1]) || text[start - 1] == '.')) --start;
        if (value_starts_at(text, start)) continue;
        const std::optional<std::size_t> close = closing_parenthesis(text, i);
        if (!close) {
            --patience;
            continue;
        }
        std::replace_if(
            rest.begin() + static_cast<std::ptrdiff_t>(start),
            rest.begin() + static_cast<std::ptrdiff_t>(*close) + 1, [](char c) { return c != '\n'; }, ' ');
        i = *close;
    }
    return rest;
}

// "a.shape", "query @ key.T": an expression that a notebook shows without a print. Prose has words side by
// side.
bool looks_like_an_expression(std::string_view line) {
    constexpr std::string_view operators = "@*+-/,:()[]";
    if (line.empty() || line.size() > 80 || !is_name_character(line[0])) return false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const bool known = is_name_character(line[i]) || line[i] == '.' || line[i] == ' ' ||
                           operators.find(line[i]) != std::string_view::npos;
        const bool between_words = line[i] == ' ' && operators.find(line[i - 1]) == std::string_view::npos &&
                                   operators.find(line[i + 1]) == std::string_view::npos;
        if (!known || between_words) return false;
    }
    return !line.ends_with(':');
}

// One cell with its source and its outputs, or a whole text that has no cells.
class RegionReader {
  public:
    RegionReader(std::string cell, std::size_t first_line, PrintCollector& printed)
        : cell_(std::move(cell)), first_line_(first_line), printed_(printed) {}

    void read(std::string_view text) {
        const std::vector<PrintedExpression> expressions = printed_expressions(text);
        const std::string outputs = without_calls(text);
        const bool has_code = !cell_.empty() || !expressions.empty();
        auto next = expressions.begin();
        std::string line_above;
        std::size_t counted = 0, line = first_line_;
        for_each_item(outputs, has_code, [&](OutputItem&& item) {
            // A print that comes after an output starts the next piece of source.
            for (; next != expressions.end() && next->at < item.at; ++next) {
                if (names_.in_use()) names_.forget();
                names_.add(*next);
            }
            names_.see(item);
            if (item.value) {
                line += static_cast<std::size_t>(
                    std::count(text.begin() + static_cast<std::ptrdiff_t>(counted),
                               text.begin() + static_cast<std::ptrdiff_t>(item.at), '\n'));
                counted = item.at;
                add(std::move(*item.value), line_above, line);
            }
            line_above = item.value ? "" : std::move(item.words);
        });
    }

  private:
    void add(PrintedTensor value, const std::string& line_above, std::size_t line) {
        if (value.name.empty() && looks_like_an_expression(line_above)) value.name = line_above;
        value.where = cell_.empty() ? fmt::format("line {}", line) : cell_;
        printed_.add(std::move(value));
    }

    std::string cell_;
    std::size_t first_line_;
    PrintCollector& printed_;
    ValueNames names_;
};

}  // namespace

std::vector<PrintedTensor> read_text(const std::string& path, std::string_view text) {
    PrintCollector printed(path);
    std::string cell;
    std::size_t start = 0, first_line = 1, line = 1;
    for (std::size_t at = 0; at < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string name = cell_name(text.substr(at, end - at));
        if (!name.empty()) {
            RegionReader(cell, first_line, printed).read(text.substr(start, at - start));
            cell = name;
            start = at + text.substr(at).find("]:") + 2;
            first_line = line;
        }
        at = end + 1;
    }
    RegionReader(cell, first_line, printed).read(text.substr(start));
    return printed.take();
}
