// Latent attention with all that takes time on a device: products by cuBLAS, attention by the kernels.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = heads, c = kv_lora_rank, and rope, v for
// qk_rope_head_dim, v_head_dim
#pragma once
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/cuda/latent_decode.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "common/cuda/emulator/emulator_options.hpp"

namespace ch7 {

// Tensors by the names that they have in the traces, and what the attention kernel reports.
struct DeviceTrace {
    Projections made;        // products by cuBLAS; norms and turns on the CPU
    Tensor4 q_absorbed;      // (B, T, H, c)   absorbed only
    Tensor4 context_latent;  // (B, T, H, c)   absorbed only
    Tensor4 head_context;    // (B, T, H, v)
    Tensor3 output;          // (B, T, dim)
    RunReport attention;
};

// The naive form for any number of new tokens, by chapter 5's flash_prefill: keys (B, S, H, nope + rope) and
// values (B, S, H, v) are those that it keeps.
DeviceTrace naive_on(Device device, const Tensor3& x, const Weights& weights, const Config& config,
                     const Positions& positions, const Tensor4& keys, const Tensor4& values,
                     std::size_t start_pos);

// The absorbed form for one new token, by a rung of the ladder. The cache holds this token already.
DeviceTrace absorbed_on(Device device, LatentRung rung, const Tensor3& x, const Weights& weights,
                        const Config& config, const Positions& positions, const LatentCache& cache,
                        std::size_t start_pos, const EmulatorOptions& options = {});

}  // namespace ch7
