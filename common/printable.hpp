// Words from outside that are shown on a screen: names in files, file paths, values of options.
#pragma once
#include <string>
#include <string_view>

// `text` as one line of valid UTF-8 that contains no command for a terminal. A "?" replaces each control
// character (C0, DEL and C1), line and paragraph separator, invisible character that changes the direction of
// writing, and byte that is not UTF-8.
std::string printable(std::string_view text);
