#include "common/memory.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

// The kernel's estimate of what can be had without swapping, in bytes: "MemAvailable:  12345 kB".
double available_of_machine() {
    std::ifstream lines("/proc/meminfo");
    std::string name, unit;
    double kilobytes = 0.0;
    while (lines >> name >> kilobytes >> unit) {
        if (name == "MemAvailable:") return kilobytes * 1024.0;
    }
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// The smallest limit on this process's control groups, from its own up to the root: a container has one, for
// example. A line of /proc/self/cgroup is "0::/user.slice" in version 2 and "4:memory:/docker/1a2b" in
// version 1.
double limit_of_groups() {
    std::ifstream lines("/proc/self/cgroup");
    std::string number, controllers, group;
    double smallest = unlimited;
    while (std::getline(lines, number, ':') && std::getline(lines, controllers, ':') &&
           std::getline(lines, group)) {
        if (!controllers.empty() && controllers != "memory") continue;
        const std::filesystem::path root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        const char* file = controllers.empty() ? "memory.max" : "memory.limit_in_bytes";
        for (std::filesystem::path folder = root / group.substr(1); folder != "/sys/fs";
             folder = folder.parent_path()) {
            double bytes = unlimited;  // no limit is the word "max", or no file
            if (std::ifstream(folder / file) >> bytes) smallest = std::min(smallest, bytes);
        }
    }
    return smallest;
}

// ulimit -v
double limit_of_process() {
    rlimit limit{};
    const bool is_set = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_set ? static_cast<double>(limit.rlim_cur) : unlimited;
}

}  // namespace

void require_memory(const std::string& what, double bytes) {
    const double available = std::min({available_of_machine(), limit_of_groups(), limit_of_process()});
    if (bytes <= available) return;
    constexpr double gib = 1024.0 * 1024.0 * 1024.0;
    throw std::invalid_argument(fmt::format(
        "{} needs {:.3g} GiB of memory, and {:.3g} GiB are available: make its sizes or its text smaller",
        what, bytes / gib, available / gib));
}
