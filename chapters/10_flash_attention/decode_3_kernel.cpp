// Rung 3 of decoding: products of our own. A vector of a key is read once and multiplied with 4 queries, and
// the weighted sums stay in registers while the values pass by (vectors.cpp). 64 keys at a time fit into the
// nearest cache. Left: reading every key and value once, at the speed of the memory.
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"
#include "chapters/10_flash_attention/vectors.hpp"

namespace ch10 {

void decode_kernel(const AttentionCall& call, float* output, std::size_t threads) {
    constexpr std::size_t keys_at_once = 64;
    split_over_threads(call, only_vectors, keys_at_once, output, threads);
}

}  // namespace ch10
