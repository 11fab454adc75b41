// A comparison for people, for programs and for graders.
#pragma once
#include <string>

#include "common/compare/comparison.hpp"
#include "common/render/terminal.hpp"

// A line for each tensor, and below it where and why it differs.
std::string report_for_terminal(const Comparison& comparison, const Terminal& terminal);

// {"chapter": 3, "agree": 10, "expected": 11, "tensors": [{"name": "masked", "result": "differs", ...}], ...}
std::string report_as_json(const Comparison& comparison);

// A JUnit test suite: a test case for each tensor. One that differs, cannot be read or is not found has
// failed.
std::string report_as_junit(const Comparison& comparison);

// What all three say.
std::string result_name(Result result);                      // "agrees", "not found"
std::string agreement_in_words(const Closeness& closeness);  // "agrees, all 4 digits"
std::string difference_in_words(
    const ComparedTensor& tensor);  // "first at row 3, column 0: yours 0.1, here 0.2 ..."
std::string shortened(const std::string& text, std::size_t most);  // cut to so many columns
