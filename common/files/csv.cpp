#include "common/files/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// What stands before the next `separator`, which is then skipped.
std::string_view take_until(char separator, std::string_view& rest) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return taken;
}

std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    const auto commas = std::count(line.begin(), line.end(), ',');
    for (auto i = commas; i >= 0; --i) cells.emplace_back(trimmed(take_until(',', line)));
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

bool is_header(const std::vector<std::string>& cells) {
    return std::none_of(cells.begin(), cells.end(),
                        [](const std::string& cell) { return cell.empty() || number_in(cell); });
}

class CsvFile : public TensorFile {
  public:
    explicit CsvFile(const std::string& path) : path_(path) {
        const MappedFile file(path);
        std::string_view rest = file.text();
        if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // a byte order mark
        for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
            const std::string_view line = trimmed(take_until('\n', rest));
            if (!line.empty() && !line.starts_with('#')) add_line(cells_of(line), line_number);
        }
        if (rows_ == 0) throw FileError(path, "has no line of numbers", "write a line for each token");
        infos_.push_back({"x", "F32", {rows_, columns_}});
    }

    [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return infos_; }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        return {infos_[position_of(name, infos_, path_)].shape, values_};
    }

  private:
    void add_line(const std::vector<std::string>& cells, std::size_t line) {
        const bool is_first = !std::exchange(has_begun_, true);
        if (is_first && is_header(cells)) return;

        if (rows_ == 0) columns_ = cells.size();
        if (cells.size() != columns_) {
            throw FileError(
                path_, fmt::format("line {} has {} numbers, the first has {}", line, cells.size(), columns_),
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
            throw FileError(path_, where + problem,
                            "numbers are separated by commas, with a point: 0.43, -1.5e-3");
        }
        const bool is_meant = cell.find_first_of("iI") != std::string::npos;  // "inf"
        if (std::isinf(*number) && !is_meant) {
            throw FileError(path_, where + cell.substr(0, 30) + " is too large", "float32 ends at 3.4e38");
        }
        return *number;
    }

    std::string path_;
    std::vector<TensorInfo> infos_;
    std::vector<float> values_;  // row-major
    std::size_t rows_ = 0, columns_ = 0;
    bool has_begun_ = false;  // a line has been seen that is neither blank nor a comment
};

}  // namespace

std::unique_ptr<TensorFile> open_csv(const std::string& path) {
    return std::make_unique<CsvFile>(path);
}
