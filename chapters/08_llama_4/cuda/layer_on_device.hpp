// The attention of a local layer on a device: cuBLAS computes the projections, chapter 6's kernel the
// rotation, and chapter 5's kernels the attention. QK norm has no kernel of its own; the CPU computes it. B =
// sequences in a batch, T = tokens, H = query heads, H_kv = key and value heads
#pragma once
#include <cstddef>

#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/08_llama_4/config.hpp"

namespace ch8 {

// What attention reads, for all tokens of a text.
struct LocalOnDevice {
    Tensor4 xq_rotated, xk_rotated;  // (B, T, H or H_kv, head_dim)
    Tensor4 xq_normed, xk_normed;    // (B, T, H or H_kv, head_dim)
    Tensor4 xv;                      // (B, T, H_kv, head_dim)
};

// x (B, T, dim) contains a text from its first token on, already normed.
LocalOnDevice project_on(Device device, const Tensor3& x, const ch5::Weights& weights, const Config& config,
                         const ch6::ComplexMatrix& table);

// All tokens at once, with flash_prefill: each query begins at the first key of its chunk.
ch5::DeviceTrace prefill_in_chunks(Device device, const LocalOnDevice& made, const ch5::Weights& weights,
                                   std::size_t chunk);

// The token at `position` alone, as a decoding step: it sees the keys from the first of its chunk to its own.
ch5::DeviceTrace decode_in_chunk(Device device, ch5::DecodeRung rung, const LocalOnDevice& made,
                                 const ch5::Weights& weights, std::size_t chunk, std::size_t position,
                                 const EmulatorOptions& options = {});

}  // namespace ch8
