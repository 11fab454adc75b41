// Causal attention of many queries at once, on a GPU or on the emulator.
#pragma once
#include <vector>

#include "chapters/05_grouped_query_attention/cuda/prefill_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch5 {

// The tensors of prefill_shape.hpp, as floats. The kernel rounds them to bf16.
struct PrefillInput {
    PrefillShape shape;
    std::vector<float> queries, keys, values;
};
struct PrefillRun {
    std::vector<float> context;  // (B, T, H, v_head_dim)
    RunReport report;
};

// Throws std::invalid_argument if sizes do not fit together, and DeviceError if the kernel does not support
// them or the device is not available. `device` is cuda or emulated.
PrefillRun prefill(Device device, const PrefillInput& input, const EmulatorOptions& options);
PrefillRun prefill(Device device, const PrefillInput& input);

// The two versions of prefill: one compiled by nvcc, one by any compiler.
PrefillRun prefill_on_gpu(const PrefillInput& input);
PrefillRun prefill_emulated(const PrefillInput& input, const EmulatorOptions& options);

}  // namespace ch5
