#include "tests/support/golden.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Where the number ends that starts at `start`, or `start` if none does. The point of "2." belongs to a
// number in a tensor, but not at the end of a sentence.
std::size_t end_of_number(const std::string& line, std::size_t start) {
    const auto at = [&](std::size_t i) { return i < line.size() ? line[i] : '\0'; };
    const auto skip_digits = [&](std::size_t i) {
        while (is_digit(at(i))) ++i;
        return i;
    };
    std::size_t end = start + (at(start) == '-' ? 1 : 0);
    if (!is_digit(at(end))) return start;
    end = skip_digits(end);
    if (at(end) == '.' && (is_digit(at(end + 1)) || at(end + 1) == ',' || at(end + 1) == ']'))
        end = skip_digits(end + 1);
    const bool has_exponent =
        at(end) == 'e' && (at(end + 1) == '+' || at(end + 1) == '-') && is_digit(at(end + 2));
    return has_exponent ? skip_digits(end + 2) : end;
}

// A line as words and numbers in turn: what stands between two numbers is a word.
struct Pieces {
    std::vector<std::string> words, numbers;
};
Pieces pieces_of(const std::string& line) {
    Pieces pieces{{""}, {}};
    for (std::size_t i = 0; i < line.size();) {
        const std::size_t end = end_of_number(line, i);
        if (end == i) {
            pieces.words.back() += line[i++];
        } else {
            pieces.numbers.push_back(line.substr(i, end - i));
            pieces.words.emplace_back();
            i = end;
        }
    }
    return pieces;
}

// One unit of the last digit of "0.1234" is 0.0001, of "1.2340e-05" it is 1e-9.
double last_digit(const std::string& number) {
    const std::size_t point = number.find('.'), exponent = number.find('e');
    const std::size_t end = std::min(exponent, number.size());
    const double digits = point == std::string::npos ? 0.0 : static_cast<double>(end - point - 1);
    const double power = exponent == std::string::npos ? 0.0 : std::stod(number.substr(exponent + 1));
    return std::pow(10.0, power - digits);
}

bool numbers_agree(const std::string& expected, const std::string& actual) {
    if (expected == actual) return true;
    const double a = std::stod(expected), b = std::stod(actual);
    constexpr double noise = 1e-5;
    if (std::abs(a) < noise && std::abs(b) < noise) return true;
    return std::abs(a - b) <= 1.001 * std::max(last_digit(expected), last_digit(actual));
}

bool lines_agree(const std::string& expected, const std::string& actual) {
    if (expected == actual) return true;
    const Pieces a = pieces_of(expected), b = pieces_of(actual);
    if (a.words != b.words || a.numbers.size() != b.numbers.size()) return false;
    for (std::size_t i = 0; i < a.numbers.size(); ++i) {
        if (!numbers_agree(a.numbers[i], b.numbers[i])) return false;
    }
    return true;
}

}  // namespace

std::string golden_difference(const std::string& expected, const std::string& actual) {
    const std::vector<std::string> a = lines_of(expected), b = lines_of(actual);
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const std::string in_a = i < a.size() ? a[i] : "(no more lines)";
        const std::string in_b = i < b.size() ? b[i] : "(no more lines)";
        if (!lines_agree(in_a, in_b)) {
            return "line " + std::to_string(i + 1) + "\n  golden: " + in_a + "\n  now:    " + in_b;
        }
    }
    return "";
}

std::string check_golden(const std::string& name, const std::string& actual) {
    const std::filesystem::path path = std::filesystem::path(SOURCE_DIR) / "tests/golden" / name;
    if (std::getenv("UPDATE_GOLDEN")) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << actual;
        return "";
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return "there is no " + path.string() + "; UPDATE_GOLDEN=1 writes it";
    std::stringstream expected;
    expected << file.rdbuf();
    return golden_difference(expected.str(), actual);
}
