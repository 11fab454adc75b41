// Rung 3 of decoding: products of our own. A vector of a key is read once and multiplied with 4 queries, and
// the weighted sums stay in registers while values pass by (few_queries.cpp). All heads take 4 keys before
// any takes the next 4: so the cache's rows are read from front to back, and the next rows are asked for in
// time. Left: reading every key and value once, at the speed of the memory.
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/few_queries.hpp"
#include "chapters/10_flash_attention/split_keys.hpp"

namespace ch10 {

void decode_kernel(const AttentionCall& call, float* output, std::size_t threads) {
    constexpr std::size_t keys_at_once = 256;
    split_over_threads(call, only_vectors, keys_at_once, output, threads);
}

}  // namespace ch10
