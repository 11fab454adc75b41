// What a student reads: the list of exercises, the result of a check, a hint.
#pragma once
#include <string>

#include "common/exercise/checking.hpp"

namespace exercise {

// "■■■□□ 3 of 5"
std::string progress_bar(std::size_t solved, std::size_t all);

// A text of Markdown for the terminal: paragraphs in lines of 80 columns, without the marks of bold words.
std::string markdown_as_text(const std::string& markdown);

// The result of a check. Of the first test that fails: its input, both values, the first difference in words,
// and the cause if one is verified.
std::string feedback(const Exercise& exercise, const Checked& checked);

}  // namespace exercise
