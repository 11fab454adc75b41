#include "chapters/07_multi_head_latent_attention/ledger.hpp"

#include <algorithm>

#include "chapters/05_grouped_query_attention/kv_cache.hpp"
#include "chapters/07_multi_head_latent_attention/caches.hpp"

namespace ch7 {
namespace {

// The operations of a product (rows, inner) times (inner, columns).
double flops_of(std::size_t rows, std::size_t inner, std::size_t columns) {
    return 2.0 * static_cast<double>(rows) * static_cast<double>(inner) * static_cast<double>(columns);
}

double count(std::size_t number) {
    return static_cast<double>(number);
}

// wkv_b for `tokens` tokens: from the latent up to every head's key and value.
double up_projection(const Config& config, std::size_t tokens) {
    return flops_of(tokens, config.kv_lora_rank,
                    config.n_heads * (config.qk_nope_head_dim + config.v_head_dim));
}

}  // namespace

std::vector<Kept> cache_ledger(const Config& config) {
    // Caches for a single token, so the allocated size is the size to count.
    Config one = config;
    one.max_batch_size = one.max_seq_len = 1;
    const auto shared_heads = [&](std::size_t n_kv_heads) {
        const ch5::Config heads{.dim = config.dim,
                                .n_heads = config.n_heads,
                                .n_kv_heads = n_kv_heads,
                                .head_dim = config.qk_nope_head_dim,
                                .max_batch_size = 1,
                                .max_seq_len = 1};
        return ch5::KVCache(heads).bytes_per_token() / sizeof(float);
    };
    return {{"multi-head (MHA)", shared_heads(config.n_heads)},
            {"grouped-query (GQA), 8 key heads", shared_heads(std::min<std::size_t>(8, config.n_heads))},
            {"multi-query (MQA)", shared_heads(1)},
            {"latent, naive", NaiveCache(one).per_token()},
            {"latent, absorbed", LatentCache(one).per_token()}};
}

Work naive_work(const Config& config, std::size_t tokens, std::size_t so_far) {
    const std::size_t key_and_value = config.qk_head_dim() + config.v_head_dim;
    return {up_projection(config, tokens) + flops_of(tokens * config.n_heads, key_and_value, so_far),
            count(so_far) * count(config.n_heads * key_and_value)};
}

Work absorbed_work(const Config& config, std::size_t tokens, std::size_t so_far) {
    // The same matrices as in the up-projection, applied to the queries and the results instead of the
    // latents.
    const std::size_t score_width = config.kv_lora_rank + config.qk_rope_head_dim;
    return {up_projection(config, tokens) +
                flops_of(tokens * config.n_heads, score_width + config.kv_lora_rank, so_far),
            count(so_far) * count(score_width)};
}

Work expanding_work(const Config& config, std::size_t tokens, std::size_t so_far) {
    const double again = up_projection(config, so_far) - up_projection(config, tokens);
    return {naive_work(config, tokens, so_far).flops + again,
            absorbed_work(config, tokens, so_far).numbers_read};
}

}  // namespace ch7
