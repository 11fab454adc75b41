// Builds without the CUDA Toolkit. require_gpu reports this before any call reaches these functions.
#include "chapters/05_grouped_query_attention/cuda/decode.hpp"
#include "chapters/05_grouped_query_attention/cuda/prefill.hpp"

namespace ch5 {

DecodeRun decode_on_gpu(DecodeRung, const DecodeInput&) {
    require_gpu();
    return {};
}

PrefillRun prefill_on_gpu(const PrefillInput&) {
    require_gpu();
    return {};
}

}  // namespace ch5
