// The error for a file that cannot be read or written. what() is one line: the path, the problem, the advice.
#pragma once
#include <stdexcept>
#include <string>

#include "common/printable.hpp"

struct FileError : std::runtime_error {
    FileError(const std::string& path, const std::string& problem, const std::string& advice)
        : std::runtime_error(printable(path + ": " + problem + "; " + advice)) {}
};
