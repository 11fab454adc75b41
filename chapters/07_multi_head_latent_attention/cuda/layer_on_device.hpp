// Latent attention on a device: cuBLAS computes the products, the kernels compute the attention.
// B = sequences in a batch, T = new tokens, S = start_pos + T, H = heads, c = kv_lora_rank, and rope, v for
// qk_rope_head_dim, v_head_dim
#pragma once
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/cuda/latent_decode.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "common/cuda/emulator/emulator_options.hpp"

namespace ch7 {

// The tensors, with their names in the traces, and the report of the attention kernel.
struct DeviceTrace {
    Projections made;        // cuBLAS computes the products, the CPU the norms and rotations
    Tensor4 q_absorbed;      // (B, T, H, c)   absorbed only
    Tensor4 context_latent;  // (B, T, H, c)   absorbed only
    Tensor4 head_context;    // (B, T, H, v)
    Tensor3 output;          // (B, T, dim)
    RunReport attention;
};

// The naive form for any number of new tokens, with chapter 5's flash_prefill. keys (B, S, H, nope + rope)
// and values (B, S, H, v) come from its cache.
DeviceTrace naive_on(Device device, const Tensor3& x, const Weights& weights, const Config& config,
                     const Positions& positions, const Tensor4& keys, const Tensor4& values,
                     std::size_t start_pos);

// The absorbed form for one new token, with the given rung of the ladder. The cache already contains this
// token.
DeviceTrace absorbed_on(Device device, LatentRung rung, const Tensor3& x, const Weights& weights,
                        const Config& config, const Positions& positions, const LatentCache& cache,
                        std::size_t start_pos, const EmulatorOptions& options = {});

}  // namespace ch7
