// What walks on a device have in common: where they run, what a kernel cost, and a warp to step through.
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

// Who is told of: "the GPU", "the emulator".
std::string name_of(Device device);

// The first step: which device this is. On a GPU its roofs are measured, and returned.
std::optional<Roofs> tell_device(Walkthrough& walk, Device device);

// What PyTorch prints for the chapter's own numbers says nothing of a reader's.
std::optional<Cell> pytorch_unless_own(const Walkthrough& walk);

// "1.2e-03"
std::string told_difference(float difference);

// A piece of work and what it must do at least: what its cost is held against.
struct Cost {
    std::string name;
    double flops, bytes;
    RunReport report;
};

// A table of the costs. Of a GPU: time, and the share of the roof that it reaches, whichever is nearer. Of
// the emulator: what was counted.
void tell_costs(Step& step, const std::vector<Cost>& costs, const std::optional<Roofs>& roofs);

// A walk through what one warp of one kernel does, an instruction at a time: `run` runs the kernel with these
// options. Throws DeviceError if the kernel has no such warp.
void walk_warp(Walkthrough& walk, const std::string& kernel, int warp,
               const std::function<void(const EmulatorOptions&)>& run);
