#include "common/render/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

Progress::Progress(const std::string& what) {
    if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K{} ...", what);
}

Progress::~Progress() {
    if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
}
