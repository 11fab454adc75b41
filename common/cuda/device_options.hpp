// --device and --warp, for the chapters whose attention runs on a GPU too.
#pragma once
#include <optional>

#include "common/cuda/device.hpp"
#include "common/program/chapter_options.hpp"

// Where the reader wants the chapter's attention to run.
struct DeviceChoice {
    Device device = Device::cpu;
    std::optional<int> warp;  // the warp of its kernel to step through, on the emulator

    [[nodiscard]] bool is_cpu() const { return device == Device::cpu; }
};

// Declares both for chapter `number`. They are read into `choice`, which must outlive the result.
ChapterOptions device_options(int number, DeviceChoice& choice);
