#include "common/render/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace {

// On a terminal only. Unlike fmt::print, fputs throws nothing if the terminal is gone.
void write_to_terminal(const std::string& text) {
    if (isatty(STDERR_FILENO)) std::fputs(text.c_str(), stderr);
}

}  // namespace

Progress::Progress(const std::string& what) {
    write_to_terminal("\r\033[K" + what + " ...");
}

Progress::~Progress() {
    write_to_terminal("\r\033[K");
}
