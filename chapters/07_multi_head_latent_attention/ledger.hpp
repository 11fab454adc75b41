// What the two forms cost: numbers kept for each token, and work for a call.
// T = new tokens, S = tokens so far, these included
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/config.hpp"

namespace ch7 {

struct Kept {
    std::string attention;  // "multi-head (MHA)"
    std::size_t per_token;  // numbers in the cache for one token and layer, counted from a real buffer
};

// Multi-head, grouped-query (8 key heads) and multi-query attention with heads as wide as qk_nope_head_dim,
// then latent attention, naive and absorbed.
std::vector<Kept> cache_ledger(const Config& config);

// From queries and latent to head_context, one sequence. What both forms share (wq, wkv_a, wo) is left out. A
// multiplication with its addition counts as two operations; masked scores count, since they are computed.
struct Work {
    double flops;
    double numbers_read;  // from the cache
};
Work naive_work(const Config& config, std::size_t tokens, std::size_t so_far);
Work absorbed_work(const Config& config, std::size_t tokens, std::size_t so_far);

// A third way that some code takes: keep latents, and make all keys and values of them again in every call.
Work expanding_work(const Config& config, std::size_t tokens, std::size_t so_far);

}  // namespace ch7
