#include "chapters/10_flash_attention/engine.hpp"

#include <algorithm>

#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/parallel.hpp"

namespace ch10 {
namespace {

// From 16 queries a key on, BLAS is faster than our own products: latent attention has that many heads.
constexpr std::size_t few = 8, some = 32, latent_keys_at_once = 64;

std::size_t queries_a_key(const AttentionCall& call) {
    return call.n_rep() * call.n_queries;
}

}  // namespace

void flash_attention(const AttentionCall& call, float* output) {
    check(call);
    if (queries_a_key(call) <= few) return decode_kernel(call, output, default_threads());
    if (queries_a_key(call) <= some) {
        return split_over_threads(call, blas_and_vectors, latent_keys_at_once, output, default_threads());
    }
    prefill_vectors(call, output, default_threads());
}

std::size_t scratch_bytes(const AttentionCall& call) {
    // Split keys: a tile for each part of them. Otherwise a tile for each thread.
    const bool is_split = queries_a_key(call) <= some;
    const std::size_t parts = (call.n_keys + part_keys - 1) / part_keys;
    const std::size_t tiles = is_split ? call.batch * call.n_kv_heads * parts : default_threads(),
                      queries = std::clamp<std::size_t>(tile_rows / call.n_rep(), 1, call.n_queries),
                      rows = is_split ? queries_a_key(call) : call.n_rep() * queries,
                      keys = is_split ? latent_keys_at_once : tile_keys;
    constexpr std::size_t max_and_sum = 2;
    const std::size_t of_a_row = call.queries.width + call.queries_pe.width + std::min(keys, call.n_keys) +
                                 call.value_dim() + max_and_sum;
    return tiles * rows * of_a_row * sizeof(float);
}

}  // namespace ch10
