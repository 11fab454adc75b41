#include "chapters/07_multi_head_latent_attention/cuda/launch_latent.cuh"
#include "common/cuda/gpu/cuda_machine.cuh"

namespace ch7 {

LatentRun latent_decode_on_gpu(LatentRung rung, const LatentInput& input) {
    CudaMachine machine;
    return on_gpu::latent_decode_on(machine, rung, input);
}

}  // namespace ch7
