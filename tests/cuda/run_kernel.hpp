// For tests with kernels of a few lines: launch one, and look at what it wrote, what it cost or what it
// broke.
#pragma once
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/cuda/emulator/emulated_machine.hpp"

constexpr Order every_order[] = {Order::round_robin, Order::reverse, Order::random};

inline EmulatorOptions in_order(Order order, std::uint64_t seed = 5) {
    EmulatorOptions options;
    options.order = order;
    options.seed = seed;
    return options;
}

// What the kernel leaves in `size` numbers, its first argument.
template <class T, class... Parameters, class... Arguments>
std::vector<T> written_by(void (*kernel)(Global<T>, Parameters...), const Grid& grid, std::size_t size,
                          const EmulatorOptions& options, const Arguments&... arguments) {
    EmulatedMachine machine(options);
    const auto out = machine.poisoned<T>("out", size);
    machine.launch("kernel", kernel, grid, out, arguments...);
    return machine.download(out);
}

// What it costs to run a kernel with such memory.
template <class... Parameters, class... Arguments>
KernelCounts counts_of(void (*kernel)(Parameters...), const Grid& grid, const Arguments&... arguments) {
    EmulatedMachine machine;
    machine.launch("kernel", kernel, grid, arguments...);
    return machine.report(std::nullopt).launches.back().counts;
}

// What a kernel without arguments is told: the KernelError's text, or "" if there was none.
inline std::string error_of(void (*kernel)(), const Grid& grid, Order order = Order::round_robin) {
    try {
        EmulatedMachine(in_order(order)).launch("kernel", kernel, grid);
    } catch (const KernelError& error) {
        return error.what();
    }
    return "";
}

// The piece of memory with this name. Throws std::logic_error if there is none.
inline const MemoryReport& memory_of(const RunReport& report, const std::string& name) {
    for (const MemoryReport& memory : report.memory) {
        if (memory.name == name) return memory;
    }
    throw std::logic_error("no memory is called " + name);
}

// Where in a test file of this folder a line ends with "// <marker>": "errors_test.cpp:12".
inline std::string place_of(const std::string& file, const std::string& marker) {
    std::ifstream source(SOURCE_DIR "/tests/cuda/" + file);
    int number = 0;
    for (std::string line; std::getline(source, line);) {
        ++number;
        if (line.ends_with("// " + marker)) return fmt::format("{}:{}", file, number);
    }
    throw std::logic_error("no line of " + file + " is marked " + marker);
}
