// The cost of the two forms: cached numbers for each token, and work for a call.
// T = new tokens, S = tokens so far, including the new ones
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

// Multi-head, grouped-query (8 key heads) and multi-query attention with heads of width qk_nope_head_dim,
// then latent attention, naive and absorbed.
std::vector<Kept> cache_ledger(const Config& config);

// The work from queries and latent to head_context, for one sequence, without the parts that both forms share
// (wq, wkv_a, wo). A multiplication with its addition counts as two operations. Masked scores count, because
// they are computed.
struct Work {
    double flops;
    double numbers_read;  // from the cache
};
Work naive_work(const Config& config, std::size_t tokens, std::size_t so_far);
Work absorbed_work(const Config& config, std::size_t tokens, std::size_t so_far);

// A third form in some code: it caches latents, and computes all keys and values from them again in every
// call.
Work expanding_work(const Config& config, std::size_t tokens, std::size_t so_far);

}  // namespace ch7
