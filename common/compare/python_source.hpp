// Finds in the source of a cell which expressions it prints, and after which words.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// print("Sum:", weights.sum()) prints {"Sum:", "weights.sum()"}.
struct PrintedExpression {
    std::string words;       // between the expression before it, or the start of the call, and this one
    std::string expression;  // as in the source
    std::size_t at = 0;      // where its call stands in the source
};

// The expressions of all print(...) and display(...) calls, in order; f-strings too. Reads at most
// `most_printed_expressions` of a cell.
constexpr std::size_t most_printed_expressions = 10'000;
std::vector<PrintedExpression> printed_expressions(std::string_view source);

// The expression in the last line, which a notebook shows without a print; "" if there is none.
std::string last_expression(std::string_view source);

// The position of the parenthesis that closes the one at `open`. Skips strings, comments and inner brackets.
// std::nullopt if it does not close within about a thousand lines.
std::optional<std::size_t> closing_parenthesis(std::string_view source, std::size_t open);

// Replaces each run of spaces and line breaks with one space: "\nFirst  head:\n " -> "First head:".
std::string single_spaced(std::string_view text);

inline bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
