// Reads the reader's own layer: dimensions from config.json, weights in any of the three namings.
// H = query heads, H_kv = key and value heads
#pragma once
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/config.hpp"
#include "common/files/model_config.hpp"
#include "common/program/own_layer.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch5 {

struct Layer : OwnLayer {
    Config config;  // sized for x, not for the file's limits
    Weights weights;
    ModelConfig model;        // as the file has it: chapter 6 reads the rotary part
    bool half_split = false;  // Hugging Face's names: rows of wq and wk in the half-split order
};

// Reads what --config, --weights, --prefix and --input name, as common/program/own_layer.hpp says. An engine
// makes no scores, so the layer needs less memory (has_scores = false). Throws FileError or
// std::invalid_argument.
Layer load_layer(Walkthrough& walk, bool has_scores = true);

// For --device: kernels project without bias. Throws std::invalid_argument if the layer has a bias.
void refuse_bias_on_device(const Layer& layer);

// The number of tokens in each piece, as --prefill sets it.
std::vector<std::size_t> pieces_of(const OwnLayer& layer, const OwnFiles& own);

}  // namespace ch5
