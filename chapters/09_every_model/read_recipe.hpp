// From a config.json to the recipe of one layer. The model_type chooses a row of models.hpp, and the row says
// what each field means. A field is used, harmless, or refused by its name.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "chapters/09_every_model/models.hpp"
#include "chapters/09_every_model/recipe.hpp"

namespace ch9 {

// Which layer, and of what.
struct LayerOf {
    std::size_t layer = 0;
    std::size_t tokens = 1;  // of the whole text: two scalings of RoPE depend on it
    bool decoder = false;    // of a model with an encoder and a decoder
};

struct ReadRecipe {
    Recipe recipe;
    std::vector<Choice> choices;   // the recipe as a table, with the field behind each choice
    const Model* model = nullptr;  // the row
    std::size_t layer = 0, n_layers = 0;
    Norm norm;                         // of the block, before its attention
    float embedding_scale = 1.0f;      // times the embedding of a token
    std::vector<std::string> ignored;  // fields that are not about attention
};

// Throws FileError that names the field.
ReadRecipe read_recipe(const std::string& path, const LayerOf& of);

}  // namespace ch9
