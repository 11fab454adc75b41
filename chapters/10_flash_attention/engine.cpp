#include "chapters/10_flash_attention/engine.hpp"

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/parallel.hpp"

namespace ch10 {

void flash_attention(const AttentionCall& call, float* output) {
    check(call);
    // From 16 queries a key on, BLAS is faster than our own products: latent attention has that many heads.
    constexpr std::size_t few = 8, some = 32, latent_keys_at_once = 64;
    const std::size_t queries_a_key = call.n_rep() * call.n_queries;
    if (queries_a_key <= few) return decode_kernel(call, output, default_threads());
    if (queries_a_key <= some) {
        return split_over_threads(call, blas_and_vectors, latent_keys_at_once, output, default_threads());
    }
    prefill_vectors(call, output, default_threads());
}

}  // namespace ch10
