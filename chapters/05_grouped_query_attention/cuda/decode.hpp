// One decoding step of grouped-query attention on a GPU, or on the emulator, with any rung of the ladder.
#pragma once
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "common/cuda/device.hpp"
#include "common/cuda/run_report.hpp"

struct EmulatorOptions;

namespace ch5 {

// The rungs of the ladder, in order: each removes a cost of the one before. The first three use floats, the
// last bf16.
enum class DecodeRung { naive, online_softmax, split_kv, tensor_cores };
constexpr DecodeRung decode_rungs[] = {DecodeRung::naive, DecodeRung::online_softmax, DecodeRung::split_kv,
                                       DecodeRung::tensor_cores};
std::string to_string(DecodeRung rung);

// The reason why a rung does not support this shape, and the rung that does; empty if it supports it.
std::string why_not(DecodeRung rung, const DecodeShape& shape);

// The tensors of decode_shape.hpp, as floats. A rung that uses bf16 rounds them.
struct DecodeInput {
    DecodeShape shape;
    std::vector<float> queries, keys, values;
};
struct DecodeRun {
    std::vector<float> context;  // (B, H, head_dim)
    RunReport report;
};

// Throws std::invalid_argument if sizes do not fit together, and DeviceError if the rung does not support
// them or the device is not available. `device` is cuda or emulated.
DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options);
DecodeRun decode(Device device, DecodeRung rung, const DecodeInput& input);

// The two versions of decode: one compiled by nvcc, one by any compiler.
DecodeRun decode_on_gpu(DecodeRung rung, const DecodeInput& input);
DecodeRun decode_emulated(DecodeRung rung, const DecodeInput& input, const EmulatorOptions& options);

}  // namespace ch5
