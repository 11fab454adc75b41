#include "chapters/05_grouped_query_attention/cuda/launch_prefill.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"

namespace ch5 {

PrefillRun prefill_emulated(const PrefillInput& input, const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return emulated::prefill_on(machine, input);
}

PrefillRun prefill(Device device, const PrefillInput& input, const EmulatorOptions& options) {
    if (device == Device::emulated) return prefill_emulated(input, options);
    require_gpu();
    return prefill_on_gpu(input);
}

PrefillRun prefill(Device device, const PrefillInput& input) {
    return prefill(device, input, EmulatorOptions{});
}

}  // namespace ch5
