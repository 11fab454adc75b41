// Laying out UTF-8 text in columns.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Columns that `text` takes: one for each code point, since we write no wide and no combining characters.
std::size_t columns(std::string_view text);

// `text` with spaces on its right (its left) until it takes `width` columns.
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

// The first `width` columns of `text`.
std::string cut(std::string_view text, std::size_t width);

// Lines of at most `width` columns, broken at spaces; a longer word gets a line of its own.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "√d_k · xᵀ" -> "sqrt(d_k) * x^T"... as near as ASCII comes. What has no equivalent becomes "?".
std::string to_ascii(std::string_view text);
