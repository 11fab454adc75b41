// Somebody's real model from files: dimensions from its config, weights under the names of the reference or
// of Hugging Face, tokens from a file.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "chapters/08_llama_4/config.hpp"
#include "chapters/08_llama_4/images.hpp"
#include "chapters/08_llama_4/model.hpp"
#include "common/files/llama4_config.hpp"
#include "common/files/weight_file.hpp"
#include "common/program/own_layer.hpp"
#include "common/program/walkthrough.hpp"

namespace ch8 {

// Its x (B, T, dim) contains the embeddings of the tokens, images included.
struct Model : OwnLayer {
    Config config;  // with room in the caches for the tokens and no more, whatever the file allows
    Weights weights;
    Vector freqs;   // of RoPE, scaled as the file says
    Tokens tokens;  // (B, T)
    std::optional<Images> images;
};

// Reads what --config, --weights, --prefix and --input name. The input has `tokens` (B, T) or (T), int64,
// and, if images stand among them, `image_embedding` (B, T, vision width) and `image_mask` (B, T). Both
// namings keep rotary pairs as neighbours, so nothing is permuted. An engine makes no scores, so the model
// needs less memory (has_scores = false). Throws FileError or std::invalid_argument.
Model load_model(Walkthrough& walk, bool has_scores = true);

// The dimensions in a file. Hidden widths that the file leaves out follow from dim.
Config config_of(const Llama4ModelConfig& file);

// The weights in a file, and how their names are spelled. In Hugging Face's models that also have a vision
// tower, the names of the text model begin with language_model.: this prefix is found without --prefix.
struct NamedWeights {
    Weights weights;
    std::string naming;
};
NamedWeights read_weights(WeightFile& file, const Config& config, const Llama4ModelConfig& model);

}  // namespace ch8
