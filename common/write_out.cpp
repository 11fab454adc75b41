#include "common/write_out.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "common/printable.hpp"

void write_out(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if ((written && std::fflush(stdout) == 0) || errno == EPIPE) return;
    throw std::runtime_error(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
}

void write_error(std::string_view program, std::string_view message) noexcept {
    try {
        const std::string line = fmt::format("{}: {}\n", program, printable(message));
        std::fwrite(line.data(), 1, line.size(), stderr);
    } catch (...) {  // no memory for the line
        std::fputs("out of memory\n", stderr);
    }
}
