// Builds without the CUDA Toolkit. require_gpu reports this before any call reaches this function.
#include "chapters/06_rotary_position_embedding/cuda/rope_append.hpp"

namespace ch6 {

RopeRun rope_append_on_gpu(RopeRung, const RopeInput&) {
    require_gpu();
    return {};
}

}  // namespace ch6
