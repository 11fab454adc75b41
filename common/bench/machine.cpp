#include "common/bench/machine.hpp"

#include <sys/utsname.h>

#include <fstream>

#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace bench {
namespace {

// Linux names the processor in /proc/cpuinfo: on x86 as "model name : ...". Other systems name their kind.
std::string name_of_processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
    }
    utsname system{};
    return uname(&system) == 0 ? system.machine : "unknown";
}

}  // namespace

Machine this_machine() {
    return {name_of_processor(), usable_cores(), name_of_threads(), blas::name()};
}

}  // namespace bench
