// Layout of UTF-8 text in columns.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The number of columns of `text`: one for each code point, because our texts have no wide and no combining
// characters.
std::size_t columns(std::string_view text);

// The same for a line with escape codes. From ESC to the letter m, they take no column.
std::size_t visible_columns(std::string_view line);

// `text` padded with spaces on its right (left) to `width` columns.
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

std::string without_trailing_spaces(const std::string& line);

// The first `width` columns of `text`.
std::string cut(std::string_view text, std::size_t width);

// Splits `text` at spaces into lines of at most `width` columns; a longer word gets a line of its own.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// The nearest ASCII text: "√d_k · xᵀ" -> "sqrt(d_k) * x^T". A character without an equivalent becomes "?".
std::string to_ascii(std::string_view text);
