#include <fmt/format.h>

#include "chapters/06_rotary_position_embedding/cuda/launch_rope.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"

namespace ch6 {

std::string to_string(RopeRung rung) {
    switch (rung) {
        case RopeRung::separate:
            return "separate";
        case RopeRung::fused:
            return "fused";
        case RopeRung::fused_wide:
            break;
    }
    return "fused, 16 bytes a thread";
}

std::string why_not(RopeRung rung, const RopeShape& shape) {
    if (rung == RopeRung::fused && shape.head_dim > 256) {
        return fmt::format(
            "rope_append: head_dim {} is over 256 (2 numbers for each thread); use the rung separate",
            shape.head_dim);
    }
    if (rung == RopeRung::fused_wide && (shape.head_dim % 8 != 0 || shape.head_dim > 1024)) {
        return fmt::format(
            "rope_append: 16 bytes for each thread need a head_dim that is a multiple of 8 up to 1024, "
            "not {}; use another rung",
            shape.head_dim);
    }
    return "";
}

RopeRun rope_append_emulated(RopeRung rung, const RopeInput& input, const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return emulated::rope_append_on(machine, rung, input);
}

RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input, const EmulatorOptions& options) {
    if (device == Device::emulated) return rope_append_emulated(rung, input, options);
    require_gpu();
    return rope_append_on_gpu(rung, input);
}

RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input) {
    return rope_append(device, rung, input, EmulatorOptions{});
}

}  // namespace ch6
