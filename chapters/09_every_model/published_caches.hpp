// The caches of published models, from the sizes in their configs. B, T and S as in cache.hpp
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "chapters/09_every_model/recipe.hpp"

namespace ch9 {

// Layers with the same cache. Latent layers (chapter 7) have the sizes of DeepSeek-V3.
struct AlikeLayers {
    std::size_t count = 0;
    Recipe recipe;
    bool latent = false;
};

struct PublishedCache {
    std::string model, kind;
    std::vector<AlikeLayers> layers;
};
const std::vector<PublishedCache>& published_caches();

// The bytes of keys and values of one text in all layers, in float32: of the rows that it needs.
std::size_t bytes_of(const PublishedCache& cache, std::size_t tokens);

// The same, counted in buffers that are allocated. For short texts.
std::size_t counted_bytes(const PublishedCache& cache, std::size_t tokens);

}  // namespace ch9
