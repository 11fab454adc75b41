// The parts that walks on a device share: the name of the device, the cost of a kernel, and a walk through
// one warp.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/cuda/device.hpp"
#include "common/cuda/emulator/emulator_options.hpp"
#include "common/cuda/roofs.hpp"
#include "common/cuda/run_report.hpp"
#include "common/program/walkthrough.hpp"
#include "common/render/progress.hpp"

// The device in the walk's words: "the GPU", "the emulator".
std::string name_of(Device device);

// Adds the first step, which names the device. On a GPU it also measures the roofs and returns them.
std::optional<Roofs> tell_device(Walkthrough& walk, Device device);

// PyTorch's printed numbers for the chapter's input. std::nullopt if the reader runs an own layer.
std::optional<Cell> pytorch_unless_own(const Walkthrough& walk);

// "1.2e-03"
std::string told_difference(float difference);

// A piece of work, with its lower bounds of operations and bytes for comparison with the measured cost.
struct Cost {
    std::string name;
    double flops, bytes;
    RunReport report;
};

// Adds a table of the costs. For a GPU: the time, and the percentage of the nearer roof that it reaches. For
// the emulator: its counts.
void tell_costs(Step& step, const std::vector<Cost>& costs, const std::optional<Roofs>& roofs);

// Walks through the instructions of one warp of one kernel, one at a time. `run` must run the kernel with the
// given options. Throws DeviceError if the kernel has no such warp.
void walk_warp(Walkthrough& walk, const std::string& kernel, int warp,
               const std::function<void(const EmulatorOptions&)>& run);
