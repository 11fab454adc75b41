#include "chapters/07_multi_head_latent_attention/cuda/launch_latent.cuh"
#include "common/cuda/emulator/emulated_machine.hpp"

namespace ch7 {

std::string to_string(LatentRung rung) {
    switch (rung) {
        case LatentRung::three_products:
            return "three products";
        case LatentRung::three_products_bf16:
            return "three products, bf16";
        case LatentRung::fused:
            break;
    }
    return "fused";
}

LatentRun latent_decode_emulated(LatentRung rung, const LatentInput& input, const EmulatorOptions& options) {
    EmulatedMachine machine(options);
    return emulated::latent_decode_on(machine, rung, input);
}

LatentRun latent_decode(Device device, LatentRung rung, const LatentInput& input,
                        const EmulatorOptions& options) {
    if (device == Device::emulated) return latent_decode_emulated(rung, input, options);
    require_gpu();
    return latent_decode_on_gpu(rung, input);
}

LatentRun latent_decode(Device device, LatentRung rung, const LatentInput& input) {
    return latent_decode(device, rung, input, EmulatorOptions{});
}

}  // namespace ch7
