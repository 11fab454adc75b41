// One decoding step of grouped-query attention on a GPU, or on the emulator, by any rung of the ladder.
#pragma once
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch5 {

// The ladder, in the order in which it is climbed. The first three work with floats, the last with bf16.
enum class DecodeRung { naive, online_softmax, split_kv, tensor_cores };
constexpr DecodeRung decode_rungs[] = {DecodeRung::naive, DecodeRung::online_softmax, DecodeRung::split_kv,
                                       DecodeRung::tensor_cores};
std::string to_string(DecodeRung rung);

// Why a rung cannot do this, and which can; empty if it can.
std::string why_not(DecodeRung rung, const DecodeShape& shape);

// What decode_shape.hpp says, as floats; a rung that works with bf16 rounds them.
struct DecodeInput {
    DecodeShape shape;
    std::vector<float> queries, keys, values;
};
struct DecodeRun {
    std::vector<float> context;  // (B, H, head_dim)
    RunReport report;
};

// Throws std::invalid_argument where sizes do not fit together, and DeviceError where a rung does not support
// them or the device is not there. `device` is cuda or emulated.
DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options);
DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input);

// Its two halves: compiled by nvcc, and by any compiler.
DecodeRun decode_on_gpu(DecodeRung rung, const DecodeInput& input);
DecodeRun decode_emulated(DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options);

}  // namespace ch5
