#include "chapters/06_rotary_position_embedding/cuda/launch_rope.cuh"
#include "common/cuda/gpu/cuda_machine.cuh"

namespace ch6 {

RopeRun rope_append_on_gpu(RopeRung rung, const RopeInput& input) {
    CudaMachine machine;
    return on_gpu::rope_append_on(machine, rung, input);
}

}  // namespace ch6
