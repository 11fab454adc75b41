// Checks numbers on the command line.
#pragma once
#include <string>

// A check for CLI11: returns "" for a whole number in decimal digits, "0" or "12", and otherwise the error.
// CLI11 itself reads 0x4 as 4 and 010 as 8.
std::string plain_number(const std::string& text);
