// The model of this chapter's walk: all kinds of layers, and small enough for the screen.
// B = sequences in a batch, T = tokens
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "chapters/08_llama_4/images.hpp"
#include "chapters/08_llama_4/model.hpp"

namespace ch8 {

// Layers 0 to 2 have RoPE and chunks of 4 tokens, layer 3 has neither. Layers 1 and 3 have experts. The
// caches have room for 10 tokens.
Config small_config();
ch6::ComplexMatrix small_table();

// The words that the model knows. Its text is the first six: (1, 6).
const std::vector<std::string>& vocabulary();
const std::string& word(std::int64_t token);
Tokens small_text();

// An image's vectors in the places of the words 1 and 2. Draws vision_projection, then the vectors.
Images random_images(torch::Generator& generator);

// The text, the model, and the model's results for the text. The images are for one step of their own.
struct Setting {
    Config config;
    Tokens tokens;  // (1, 6)
    Weights weights;
    Tensor3 embeddings;  // (1, 6, dim)
    ch6::ComplexMatrix table;
    Caches caches;
    ModelTrace trace;
    Images images;
};
Setting run_small_model(std::uint64_t seed);

inline constexpr std::uint64_t walk_seed = 12081;

}  // namespace ch8
