// New queries and keys turned, keys and values appended to the cache: on a GPU or on the emulator, by any
// rung.
#pragma once
#include <string>
#include <vector>

#include "chapters/06_rotary_position_embedding/cuda/rope_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch6 {

// The ladder. The first two work with floats, the last with bf16.
enum class RopeRung { separate, fused, fused_wide };
constexpr RopeRung rope_rungs[] = {RopeRung::separate, RopeRung::fused, RopeRung::fused_wide};
std::string to_string(RopeRung rung);

// Why a rung cannot do this, and which can; empty if it can.
std::string why_not(RopeRung rung, const RopeShape& shape);

// What rope_shape.hpp says, as floats; a rung that works with bf16 rounds them, the table excepted. The
// caches come in as they are and go out with the new tokens in them.
struct RopeInput {
    RopeShape shape;
    std::vector<float> table, xq, xk, xv, cache_k, cache_v;
};
struct RopeRun {
    std::vector<float> xq_rotated, cache_k, cache_v;
    RunReport report;
};

// Throws std::invalid_argument where sizes do not fit together, and DeviceError where a rung does not support
// them or the device is not there. `device` is cuda or emulated.
RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input, const EmulatorOptions& options);
RopeRun rope_append(Device device, RopeRung rung, const RopeInput& input);

// Its two halves: compiled by nvcc, and by any compiler.
RopeRun rope_append_on_gpu(RopeRung rung, const RopeInput& input);
RopeRun rope_append_emulated(RopeRung rung, const RopeInput& input, const EmulatorOptions& options);

}  // namespace ch6
