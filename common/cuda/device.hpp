// The device on which a chapter's attention runs.
#pragma once
#include <stdexcept>
#include <string>

enum class Device { cpu, cuda, emulated };

// The error for a device that is missing or fails. what() is one line: what, why, what to do.
struct DeviceError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Throws DeviceError if this build has no CUDA or this machine has no GPU that can run it.
void require_gpu();

// "NVIDIA H200, 132 multiprocessors, 139 GiB": the GPU that require_gpu() found.
std::string gpu_name();
