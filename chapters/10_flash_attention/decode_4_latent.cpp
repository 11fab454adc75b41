// Rung 4 of decoding, for latent attention: 64 keys at a time. All heads share the latents, which are keys
// and values at once. A small tile is still in the cache when its latents are read again as values, so memory
// delivers each of them once. Left: with 16 heads or more for each latent, the time is that of multiplying.
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/few_queries.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"

namespace ch10 {

void decode_latent(const AttentionCall& call, float* output, std::size_t threads) {
    constexpr std::size_t keys_at_once = 64;
    split_over_threads(call, only_vectors, keys_at_once, output, threads);
}

}  // namespace ch10
