// Reports of a comparison: for the terminal, as JSON, and as JUnit XML for graders.
#pragma once
#include <string>

#include "common/compare/comparison.hpp"
#include "common/render/terminal.hpp"

// One line per tensor. If it differs, the next lines say where and why.
std::string report_for_terminal(const Comparison& comparison, const Terminal& terminal);

// {"chapter": 3, "agree": 10, "expected": 11, "tensors": [{"name": "masked", "result": "differs", ...}], ...}
std::string report_as_json(const Comparison& comparison);

// A JUnit test suite with one test case per tensor. A tensor that differs, cannot be read or is not found
// fails.
std::string report_as_junit(const Comparison& comparison);

// Texts that the reports share.
std::string result_name(Result result);                      // "agrees", "not found"
std::string agreement_in_words(const Closeness& closeness);  // "agrees, all 4 digits"
std::string difference_in_words(
    const ComparedTensor& tensor);  // "first at row 3, column 0: yours 0.1, here 0.2 ..."
std::string shortened(const std::string& text, std::size_t most);  // cut to at most `most` columns
std::string escaped_for_xml(const std::string& text);              // in an attribute, at most 1000 columns
