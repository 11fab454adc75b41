// Numbers on the command line.
#pragma once
#include <string>

// A check for CLI11: "" for a whole number written in decimal digits, "0" or "12", else what is wrong. CLI11
// itself takes 0x4 for 4 and 010 for 8.
std::string plain_number(const std::string& text);
