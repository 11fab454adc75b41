// New tokens enter the cache on a device: queries and keys are rotated, keys and values are appended.
// B = sequences in a batch, S = tokens so far, H_kv = key and value heads
#pragma once
#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"
#include "chapters/06_rotary_position_embedding/cuda/rope_append.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/cuda/emulator/emulator_options.hpp"

namespace ch6 {

// The cache of the device.
struct DeviceCache {
    Tensor4 keys, values;  // (B, max_tokens, H_kv, head_dim)

    explicit DeviceCache(const ch5::Config& config, std::size_t batch);
};

// Rotates trace.xq, and writes the rotated trace.xk and trace.xv into the cache, from start_pos on.
RunReport append_on(Device device, RopeRung rung, ch5::DeviceTrace& trace, const ComplexMatrix& table,
                    DeviceCache& cache, std::size_t start_pos, const EmulatorOptions& options = {});

// True if a rung supports heads of this width.
bool supports(RopeRung rung, const ch5::DeviceTrace& trace);

// (cos, sin) of each position and pair in one vector: (P, head_dim).
std::vector<float> as_pairs(const ComplexMatrix& table);

}  // namespace ch6
