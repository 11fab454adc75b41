// A file that cannot be read or written. what() is one line: where, what, what to do.
#pragma once
#include <algorithm>
#include <stdexcept>
#include <string>

// `text` without control characters, whatever a file put into it: fit for one line of a terminal.
inline std::string one_line(std::string text) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return text;
}

struct FileError : std::runtime_error {
    FileError(const std::string& path, const std::string& problem, const std::string& advice)
        : std::runtime_error(one_line(path + ": " + problem + "; " + advice)) {}
};
