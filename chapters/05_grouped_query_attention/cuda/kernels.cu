#include "chapters/05_grouped_query_attention/cuda/launch_decode.cuh"
#include "chapters/05_grouped_query_attention/cuda/launch_prefill.cuh"
#include "common/cuda/gpu/cuda_machine.cuh"

namespace ch5 {

DecodeRun decode_on_gpu(DecodeRung rung, const DecodeInput& input) {
    CudaMachine machine;
    return on_gpu::decode_on(machine, rung, input);
}

PrefillRun prefill_on_gpu(const PrefillInput& input) {
    CudaMachine machine;
    return on_gpu::prefill_on(machine, input);
}

}  // namespace ch5
