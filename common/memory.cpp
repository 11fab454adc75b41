#include "common/memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

void require_memory(const std::string& what, double bytes) {
    const double installed =
        static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (bytes <= installed) return;
    constexpr double gib = 1024.0 * 1024.0 * 1024.0;
    throw std::invalid_argument(
        fmt::format("{} needs {:.3g} GiB, and this machine has {:.3g} GiB: make its sizes "
                    "or its text smaller",
                    what, bytes / gib, installed / gib));
}
