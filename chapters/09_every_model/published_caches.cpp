#include "chapters/09_every_model/published_caches.hpp"

#include "chapters/07_multi_head_latent_attention/caches.hpp"
#include "chapters/07_multi_head_latent_attention/published_sizes.hpp"
#include "chapters/08_llama_4/published_sizes.hpp"
#include "chapters/09_every_model/cache.hpp"

namespace ch9 {
namespace {

Recipe cached(std::size_t n_heads, std::size_t n_kv_heads, std::size_t head_dim, Mask mask = {}) {
    Recipe recipe;
    recipe.dim = n_heads * head_dim;
    recipe.n_heads = n_heads;
    recipe.n_kv_heads = n_kv_heads;
    recipe.head_dim = head_dim;
    recipe.mask = mask;
    return recipe;
}

Mask window_of(std::size_t keys) {
    return {.causal = true, .window = keys, .chunk = {}};
}

Mask chunk_of(std::size_t keys) {
    return {.causal = true, .window = {}, .chunk = keys};
}

ch7::LatentCache latent_cache(std::size_t tokens) {
    ch7::Config config = ch7::deepseek_v3;
    config.max_seq_len = tokens;
    return ch7::LatentCache(config);
}

Recipe scout(Mask mask) {
    const ch5::Config heads = ch8::llama_4_scout().heads;
    return cached(heads.n_heads, heads.kv_heads(), heads.head_dim, mask);
}

// The sum over all layers of the bytes that `of_layer` gives.
template <class OfLayer>
std::size_t sum_of_layers(const PublishedCache& cache, OfLayer of_layer) {
    std::size_t bytes = 0;
    for (const AlikeLayers& layers : cache.layers) bytes += layers.count * of_layer(layers);
    return bytes;
}

}  // namespace

const std::vector<PublishedCache>& published_caches() {
    static const std::vector<PublishedCache> caches = {
        {"Llama 2 7B", "multi-head", {{32, cached(32, 32, 128)}}},
        {"Llama 3 8B", "grouped", {{32, cached(32, 8, 128)}}},
        {"Mistral 7B v0.1", "window 4096", {{32, cached(32, 8, 128, window_of(4096))}}},
        {"Gemma 2 9B",
         "half: window 4096",
         {{21, cached(16, 8, 256, window_of(4096))}, {21, cached(16, 8, 256)}}},
        {"Gemma 3 12B",
         "5 of 6: window 1024",
         {{40, cached(16, 8, 256, window_of(1024))}, {8, cached(16, 8, 256)}}},
        {"gpt-oss-20b",
         "half: window 128",
         {{12, cached(64, 8, 64, window_of(128))}, {12, cached(64, 8, 64)}}},
        {"Llama 4 Scout",
         "3 of 4: chunk 8192",
         {{36, scout(chunk_of(*ch8::llama_4_scout().attention_chunk_size))}, {12, scout({})}}},
        {"DeepSeek-V3", "latent (MLA)", {{61, {}, true}}}};
    return caches;
}

std::size_t bytes_of(const PublishedCache& cache, std::size_t tokens) {
    return sum_of_layers(cache, [&](const AlikeLayers& layers) {
        if (layers.latent) return latent_cache(1).per_token() * sizeof(float) * tokens;
        return cache_bytes(layers.recipe, tokens);
    });
}

std::size_t counted_bytes(const PublishedCache& cache, std::size_t tokens) {
    return sum_of_layers(cache, [&](const AlikeLayers& layers) {
        if (!layers.latent) return Cache(layers.recipe, 1, tokens).bytes();
        const ch7::LatentCache buffers = latent_cache(tokens);
        return (buffers.kv_cache.all().size() + buffers.pe_cache.all().size()) * sizeof(float);
    });
}

}  // namespace ch9
