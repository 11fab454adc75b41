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
