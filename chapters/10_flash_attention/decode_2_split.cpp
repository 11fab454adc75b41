// Rung 2 of decoding: the keys are split over threads. Each thread attends to parts of 512 keys; then the
// parts are merged, as two halves of a text are. Left: BLAS copies keys into blocks before it multiplies,
// which takes longer than the product itself when a key meets only the 4 queries of a group.
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"

namespace ch10 {

void decode_split(const AttentionCall& call, float* output, std::size_t threads) {
    constexpr std::size_t keys_at_once = 512;
    split_over_threads(call, blas_and_library, keys_at_once, output, threads);
}

}  // namespace ch10
