// The chapter's attention on a device: cuBLAS computes the projections, the kernels compute the attention.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = query heads, H_kv = key and value heads
#pragma once
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/cuda/decode.hpp"
#include "chapters/05_grouped_query_attention/cuda/prefill.hpp"
#include "common/cuda/emulator/emulator_options.hpp"

namespace ch5 {

// The tensors, with their names in Trace, and the report of the attention kernel.
struct DeviceTrace {
    Tensor4 xq;        // (B, T, H, head_dim)
    Tensor4 xk, xv;    // (B, T, H_kv, head_dim)
    Tensor3 combined;  // (B, T, H * head_dim)
    Tensor3 output;    // (B, T, dim)
    RunReport attention;
};

// Fills xq, xk and xv from x (B, T, dim).
DeviceTrace project_on(Device device, const Tensor3& x, const Weights& weights, const Config& config);

// Fill combined and output. keys and values (B, S, H_kv, head_dim) come from a cache and contain all tokens
// so far. prefill_on takes any number of new tokens; decode_on takes one, and runs the given rung of the
// ladder. `chunk` and `first_key` bound the keys that a token sees; with 0 it sees all.
void prefill_on(Device device, DeviceTrace& trace, const Weights& weights, const Tensor4& keys,
                const Tensor4& values, int chunk = 0);
void decode_on(Device device, DecodeRung rung, DeviceTrace& trace, const Weights& weights,
               const Tensor4& keys, const Tensor4& values, const EmulatorOptions& options = {},
               int first_key = 0);

// True if a rung supports this layer.
bool supports(DecodeRung rung, const DeviceTrace& trace, const Tensor4& keys);

// x weightᵀ + bias on a device: (B, T, in) -> (B, T, out).
Tensor3 linear_on(Device device, const ch2::Linear& linear, const Tensor3& x);

}  // namespace ch5
