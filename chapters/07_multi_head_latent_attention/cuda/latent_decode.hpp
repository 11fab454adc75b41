// One decoding step of absorbed latent attention on a GPU, or on the emulator: from absorbed queries to the
// weighted sum of latents.
#pragma once
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/cuda/latent_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch7 {

// The rungs of the ladder. The first uses floats, the other two bf16.
enum class LatentRung { three_products, three_products_bf16, fused };
constexpr LatentRung latent_rungs[] = {LatentRung::three_products, LatentRung::three_products_bf16,
                                       LatentRung::fused};
std::string to_string(LatentRung rung);

// The tensors of latent_shape.hpp, as floats. A rung that uses bf16 rounds them.
struct LatentInput {
    LatentShape shape;
    std::vector<float> queries, cache;
};
struct LatentRun {
    std::vector<float> context;  // (B, H, c)
    RunReport report;
};

// Throws std::invalid_argument if sizes do not fit together, and DeviceError if the rung does not support
// them or the device is not available. `device` is cuda or emulated.
LatentRun latent_decode(Device device, LatentRung rung, const LatentInput& input,
                        const EmulatorOptions& options);
LatentRun latent_decode(Device device, LatentRung rung, const LatentInput& input);

// The two versions of latent_decode: one compiled by nvcc, one by any compiler.
LatentRun latent_decode_on_gpu(LatentRung rung, const LatentInput& input);
LatentRun latent_decode_emulated(LatentRung rung, const LatentInput& input, const EmulatorOptions& options);

}  // namespace ch7
