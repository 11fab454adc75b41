// What the source of a cell says about its output: which expressions are printed, and after which words.
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

// Of all print(...) and display(...) calls, in their order; f-strings too. A cell with more of them than this
// is read up to there.
constexpr std::size_t most_printed_expressions = 10'000;
std::vector<PrintedExpression> printed_expressions(std::string_view source);

// The expression in the last line, which a notebook shows without a print; "" if there is none.
std::string last_expression(std::string_view source);

// Where the parenthesis closes that opens at `open`: past strings, comments and inner brackets. Nothing if it
// does not close within a thousand lines or so.
std::optional<std::size_t> closing_parenthesis(std::string_view source, std::size_t open);

// Spaces and line breaks in one: "\nFirst  head:\n " -> "First head:".
std::string single_spaced(std::string_view text);

inline bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
