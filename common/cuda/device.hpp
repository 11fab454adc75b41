// Where a chapter's attention runs.
#pragma once
#include <stdexcept>
#include <string>

enum class Device { cpu, cuda, emulated };

// A device that is not there, or does not do what is asked of it. what() is one line: what, why, what to do.
struct DeviceError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws DeviceError where this build has no CUDA, or this machine no GPU that runs it.
void require_gpu();

// "NVIDIA H200, 132 multiprocessors, 139 GiB": what require_gpu has found.
std::string gpu_name();
