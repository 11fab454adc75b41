#include "chapters/10_flash_attention/engine.hpp"

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/parallel.hpp"

namespace ch10 {

void flash_attention(const AttentionCall& call, float* output) {
    check(call);
    const std::size_t threads = default_threads();
    // For a few rows a key our own products are faster, for more BLAS is.
    constexpr std::size_t few_rows = 32, enough_tiles = 16;
    if (call.n_rep() * call.n_queries <= few_rows) {
        const bool is_latent = call.keys_pe.width > 0;
        return is_latent ? decode_latent(call, output, threads) : decode_kernel(call, output, threads);
    }

    // Otherwise a thread takes tiles of queries, or parts of the keys if there are too few tiles.
    if (tiles_of_groups(call, tile_rows).size() >= enough_tiles)
        return prefill_vectors(call, output, threads);
    split_over_threads(call, blas_and_vectors, tile_keys, output, threads);
}

}  // namespace ch10
