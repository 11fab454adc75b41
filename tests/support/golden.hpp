// Comparing what a program printed with what it printed when somebody looked at it and found it good.
#pragma once
#include <string>

// Words must be the same; a number may differ by one unit of its last digit, and what is below 1e-5 on both
// sides is rounding noise (docs/numbers.md). Returns "" or the first line that differs, with both versions.
std::string golden_difference(const std::string& expected, const std::string& actual);

// Compares with tests/golden/`name`, or writes it where UPDATE_GOLDEN is set. Returns "" or the difference.
std::string check_golden(const std::string& name, const std::string& actual);
