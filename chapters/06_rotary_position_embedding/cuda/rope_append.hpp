// Rotates new queries and keys and appends keys and values to the cache, on a GPU or on the emulator, with
// any rung.
#pragma once
#include <string>
#include <vector>

#include "chapters/06_rotary_position_embedding/cuda/rope_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch6 {

// The rungs of the ladder. The first two use floats, the last bf16.
enum class RopeRung { separate, fused, fused_wide };
constexpr RopeRung rope_rungs[] = {RopeRung::separate, RopeRung::fused, RopeRung::fused_wide};
std::string to_string(RopeRung rung);

// The reason why a rung does not support this shape, and the rung that does; empty if it supports it.
std::string why_not(RopeRung rung, const RopeShape& shape);

// The tensors of rope_shape.hpp, as floats. A rung that uses bf16 rounds them, except the table. The run
// returns the caches with the new tokens added.
struct RopeInput {
    RopeShape shape;
    std::vector<float> table, xq, xk, xv, cache_k, cache_v;
};
struct RopeRun {
    std::vector<float> xq_rotated, cache_k, cache_v;
    RunReport report;
};

// Throws std::invalid_argument if sizes do not fit together, and DeviceError if the rung does not support
// them or the device is not available. `device` is cuda or emulated.
RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input, const EmulatorOptions& options);
RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input);

// The two versions of rope_append: one compiled by nvcc, one by any compiler.
RopeRun rope_append_on_gpu(RopeRung rung, const RopeInput& input);
RopeRun rope_append_emulated(RopeRung rung, const RopeInput& input, const EmulatorOptions& options);

}  // namespace ch6
