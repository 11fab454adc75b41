#include "common/files/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>

#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// What separates the cells of a line: a comma, else a semicolon or a tab, else blanks, as NumPy writes them.
char separator_of(std::string_view line) {
    for (const char separator : {',', ';', '\t'}) {
        if (line.find(separator) != std::string_view::npos) return separator;
    }
    return ' ';
}

// "0.43" in quotes is 0.43. Inside, a quote is written twice.
std::string without_quotes(std::string_view cell) {
    if (cell.size() < 2 || !cell.starts_with('"') || !cell.ends_with('"')) return std::string(cell);
    std::string inside;
    for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
        inside += cell[i];
        if (cell.substr(i).starts_with("\"\"")) ++i;
    }
    return std::string(trimmed(inside));
}

std::vector<std::string> cells_of(std::string_view line, char separator) {
    std::vector<std::string> cells;
    bool in_quotes = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= line.size(); ++i) {
        if (i < line.size() && (in_quotes || line[i] != separator)) {
            in_quotes = in_quotes != (line[i] == '"');
            continue;
        }
        const std::string_view cell = trimmed(line.substr(start, i - start));
        start = i + 1;
        // Several blanks are one separator.
        if (separator != ' ' || !cell.empty()) cells.push_back(without_quotes(cell));
    }
    return cells;
}

// The float32 next to a decimal number, "nan" or "inf"; nothing where the cell is anything else.
std::optional<float> number_in(const std::string& cell) {
    const bool is_hexadecimal = cell.find_first_of("xX") != std::string::npos;
    if (cell.empty() || is_hexadecimal) return std::nullopt;
    char* end = nullptr;
    const float number = std::strtof(cell.c_str(), &end);
    if (end != cell.c_str() + cell.size()) return std::nullopt;
    return number;
}

// A name for a column: "x", "größe", "日". What begins otherwise is meant as a number: "0.4|0.2", "[0.4", and
// also the minus and the full-width digits of other keyboards (UTF-8 from E2 and from EF on).
bool is_word(const std::string& cell) {
    const auto first = static_cast<unsigned char>(cell.empty() ? '\0' : cell.front());
    const bool is_letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_' ||
                           (first >= 0x80 && first != 0xe2 && first != 0xef);
    return is_letter && !number_in(cell);
}

// Names of columns differ. A line of NA, NA is a row without its numbers.
bool is_header(const std::vector<std::string>& cells) {
    const std::set<std::string> names(cells.begin(), cells.end());
    return names.size() == cells.size() && std::all_of(cells.begin(), cells.end(), is_word);
}

class CsvFile : public TensorFile {
  public:
    explicit CsvFile(const std::string& path) : TensorFile(path) {
        const MappedFile file(path);
        std::string_view rest = file.text();
        if (rest.starts_with("\xff\xfe") || rest.starts_with("\xfe\xff")) {
            throw FileError(path, "line 1 is in UTF-16", "save the file as UTF-8");
        }
        if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // a byte order mark
        for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            if (!trimmed(line).empty() && !trimmed(line).starts_with('#')) add_line(line, line_number);
        }
        if (rows_ == 0) throw FileError(path, "has no line of numbers", "write a line for each token");
        add({"x", "F32", {rows_, columns_}});
    }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        return {tensors()[position_of(name)].shape, values_};
    }

  private:
    void add_line(std::string_view text, std::size_t line) {
        const bool is_first = !std::exchange(has_begun_, true);
        if (is_first && is_header(cells_of(text, separator_of(text)))) return;

        // The first row says how all are written.
        if (rows_ == 0) separator_ = separator_of(text);
        const std::vector<std::string> cells = cells_of(text, separator_);
        if (rows_ == 0) columns_ = cells.size();
        if (cells.size() != columns_) {
            throw FileError(
                path(), fmt::format("line {} has {} numbers, the first has {}", line, cells.size(), columns_),
                "give every line as many");
        }
        for (std::size_t i = 0; i < cells.size(); ++i) values_.push_back(value_of(cells[i], line, i + 1));
        ++rows_;
    }

    [[nodiscard]] float value_of(const std::string& cell, std::size_t line, std::size_t column) const {
        const std::string where = fmt::format("line {}, column {}: ", line, column);
        const std::optional<float> number = number_in(cell);
        if (!number) {
            const std::string problem =
                cell.empty() ? "is empty" : fmt::format("\"{:.30}\" is no number", cell);
            throw FileError(path(), where + problem,
                            "write numbers with a point and separate them by commas: 0.43, -1.5e-3");
        }
        const bool is_meant = cell.find_first_of("iI") != std::string::npos;  // "inf"
        if (std::isinf(*number) && !is_meant) {
            throw FileError(path(), where + cell.substr(0, 30) + " is too large", "float32 ends at 3.4e38");
        }
        return *number;
    }

    char separator_ = ',';
    std::vector<float> values_;  // row-major
    std::size_t rows_ = 0, columns_ = 0;
    bool has_begun_ = false;  // a line has been seen that is neither blank nor a comment
};

}  // namespace

std::unique_ptr<TensorFile> open_csv(const std::string& path) {
    return std::make_unique<CsvFile>(path);
}
