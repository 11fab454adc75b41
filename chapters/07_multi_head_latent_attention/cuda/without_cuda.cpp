// Builds without the CUDA Toolkit. require_gpu reports this before any call reaches this function.
#include "chapters/07_multi_head_latent_attention/cuda/latent_decode.hpp"

namespace ch7 {

LatentRun latent_decode_on_gpu(LatentRung, const LatentInput&) {
    require_gpu();
    return {};
}

}  // namespace ch7
