// Reads one attention of a model from Hugging Face's files: its recipe from config.json, its weights from
// model.safetensors or shards, its input from a file or from token numbers.
// B = sequences in a batch, T = tokens
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/09_every_model/read_recipe.hpp"
#include "chapters/09_every_model/weights.hpp"
#include "common/files/weight_file.hpp"
#include "common/program/own_layer.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch9 {

struct Layer : OwnLayer {
    ReadRecipe read;
    Weights weights;
    Tensor3 embeddings;       // (B, T, dim)  with --ids: x before the block's norm
    ch3::MaskMatrix is_text;  // (B, T)       false for padding; empty: there is none
};

// Which attention, and of which tokens if they do not come from --input.
struct Wanted {
    std::size_t layer = 0;
    bool decoder = false;
    std::vector<std::size_t> ids;
};

// Reads what --config, --weights, --prefix and --input name. The input has `x` (B, T, dim), the input of the
// attention after the block's norm, and may have `attention_mask` (B, T), which is 0 for padding. An engine
// makes no scores, so the layer needs less memory (has_scores = false). Throws FileError or
// std::invalid_argument.
Layer load_layer(Walkthrough& walk, const Wanted& wanted, bool has_scores = true);

// The weights of one attention, whatever stands before the names. Afterwards the file's prefix is that of the
// attention, so file.unused() has the tensors that the recipe has no place for. Throws FileError.
Weights read_weights(WeightFile& file, const ReadRecipe& read);

// Random weights in the same form.
Weights random_weights(torch::Generator& generator, const ReadRecipe& read);

// What stands before the names of the whole model in this file: "model.", "transformer." or nothing. Throws
// FileError if the layer's attention is not there, or more than once.
std::string model_prefix(const WeightFile& file, const ReadRecipe& read);

}  // namespace ch9
