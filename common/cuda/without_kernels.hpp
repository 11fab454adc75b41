// The refusal of --device in a program that was built without GPU kernels.
#pragma once
#include <fmt/format.h>

#include "common/cuda/device.hpp"

// Throws DeviceError.
[[noreturn]] inline void refuse_device(int chapter, Device device) {
    throw DeviceError(fmt::format(
        "this program has no GPU kernels in it; ./walk {} --device {} builds and runs the one that has",
        chapter, device == Device::cuda ? "cuda" : "emulated"));
}
