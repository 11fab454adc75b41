// The options --device and --warp, for chapters whose attention can run on a GPU.
#pragma once
#include <optional>

#include "common/cuda/device.hpp"
#include "common/program/chapter_options.hpp"

// The reader's choice of the device for the chapter's attention.
struct DeviceChoice {
    Device device = Device::cpu;
    std::optional<int> warp;  // the warp of its kernel to step through, on the emulator

    [[nodiscard]] bool is_cpu() const { return device == Device::cpu; }
};

// Declares both options for chapter `number`. CLI11 writes their values to `choice`, which must outlive the
// result.
ChapterOptions device_options(int number, DeviceChoice& choice);
