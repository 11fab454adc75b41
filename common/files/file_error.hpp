// A file that cannot be read or written. what() is one line: where, what, what to do.
#pragma once
#include <stdexcept>
#include <string>

#include "common/printable.hpp"

struct FileError : std::runtime_error {
    FileError(const std::string& path, const std::string& problem, const std::string& advice)
        : std::runtime_error(printable(path + ": " + problem + "; " + advice)) {}
};
