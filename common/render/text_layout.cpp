#include "common/render/text_layout.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace {

// In UTF-8, all bytes of a code point except the first have the form 10xxxxxx.
bool starts_code_point(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// The characters of formulas, rules, ticks and heatmaps, and their ASCII equivalents.
constexpr std::array<std::pair<std::string_view, std::string_view>, 60> ascii_stand_ins = {{
    {"━", "="},   {"─", "-"},     {"│", "|"},  {"·", "*"},     {"×", "x"},   {"±", "+-"},
    {"–", "-"},   {"—", "-"},     {"’", "'"},  {"…", "..."},   {"→", "->"},  {"←", "<-"},
    {"≤", "<="},  {"≥", ">="},    {"≠", "!="}, {"≈", "~"},     {"∞", "inf"}, {"√", "sqrt "},
    {"Σ", "sum"}, {"∈", "in"},    {"⊙", ".*"}, {"²", "^2"},    {"⁻", "^-"},  {"ᵀ", "^T"},
    {"ᵢ", "_i"},  {"ⱼ", "_j"},    {"ₖ", "_k"}, {"ₕ", "_h"},    {"₀", "_0"},  {"₁", "_1"},
    {"₂", "_2"},  {"ω", "score"}, {"α", "w"},  {"σ", "sigma"}, {"✓", "ok"},  {"✗", "DIFFERS"},
    {"█", "#"},   {"▓", "+"},     {"▒", ":"},  {"░", "."},     {"¹", "^1"},  {"₃", "_3"},
    {"₄", "_4"},  {"ₜ", "_t"},    {"ₘ", "_m"}, {"θ", "theta"}, {"⁺", "^+"},  {"∼", "~"},
    {"ⁱ", "^i"},  {"ʲ", "^j"},    {"⁹", "^9"}, {"ₙ", "_n"},    {"ᵣ", "_r"},  {"⌊", "floor("},
    {"⌋", ")"},   {"⌈", "ceil("}, {"⌉", ")"},  {"ₑ", "_e"},    {"■", "#"},   {"□", "."},
}};

}  // namespace

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::size_t visible_columns(std::string_view line) {
    std::string visible;
    while (!line.empty()) {
        const std::size_t escape = std::min(line.find('\x1b'), line.size());
        visible += line.substr(0, escape);
        line.remove_prefix(escape);
        line.remove_prefix(std::min(line.size(), line.find('m') + 1));
    }
    return columns(visible);
}

std::string pad_right(std::string_view text, std::size_t width) {
    return std::string(text) + std::string(width - std::min(width, columns(text)), ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
    return std::string(width - std::min(width, columns(text)), ' ') + std::string(text);
}

std::string without_trailing_spaces(const std::string& line) {
    return line.substr(0, line.find_last_not_of(' ') + 1);
}

std::string cut(std::string_view text, std::size_t width) {
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        if (starts_code_point(text[end]) && seen++ == width) break;
    }
    return std::string(text.substr(0, end));
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!line.empty() && columns(line) + 1 + columns(word) > width) {
            lines.push_back(std::exchange(line, ""));
        }
        if (!line.empty()) line += ' ';
        line += word;
    }
    if (!line.empty()) lines.push_back(line);
    return lines;
}

std::string to_ascii(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const auto next = std::find_if(text.begin() + 1, text.end(), starts_code_point);
        const std::string_view character = text.substr(0, static_cast<std::size_t>(next - text.begin()));
        const auto* stand_in = std::find_if(ascii_stand_ins.begin(), ascii_stand_ins.end(),
                                            [&](const auto& pair) { return pair.first == character; });
        const bool known = stand_in != ascii_stand_ins.end();
        plain += character.size() == 1 ? character : known ? stand_in->second : "?";
        text.remove_prefix(character.size());
    }
    return plain;
}
