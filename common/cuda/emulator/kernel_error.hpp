// A mistake in a kernel that the emulator has caught. what() is one line: where, who, what, and what is
// missing.
#pragma once
#include <stdexcept>

struct KernelError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
