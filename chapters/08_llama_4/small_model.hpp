// The model of this chapter's walk: all kinds of layers, and small enough for the screen.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "chapters/08_llama_4/model.hpp"

namespace ch8 {

// Layers 0 to 2 have RoPE and chunks of 4 tokens, layer 3 has neither; layers 1 and 3 have experts. The
// caches have room for 10 tokens.
Config small_config();
ch6::ComplexMatrix small_table();

// The words that the model knows. Its text is the first six.
const std::vector<std::string>& vocabulary();

// The text, the model, and the model's results for the text.
struct Setting {
    Config config;
    Tokens tokens;  // (1, 6)
    Weights weights;
    Tensor3 embeddings;  // (1, 6, dim)
    ch6::ComplexMatrix table;
    Caches caches;
    ModelTrace trace;
};
Setting run_small_model(std::uint64_t seed);

inline constexpr std::uint64_t walk_seed = 123;

}  // namespace ch8
