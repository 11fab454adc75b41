// Reads the reader's own layer: dimensions from the config, weights of 8 bits or more with DeepSeek's names
// or Hugging Face's.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"
#include "common/program/own_layer.hpp"
#include "common/program/walkthrough.hpp"

namespace ch7 {

struct Layer : OwnLayer {
    Config config;  // sized for x, not for the file's limits
    Weights weights;
    float theta = 10000.0f;
    std::optional<Yarn> yarn;
    std::size_t max_seq_len = 0;           // the limit in the file
    std::vector<std::string> dequantized;  // weights that were E4M3 numbers with a scale for each block
};

// Reads what --config, --weights, --prefix and --input name, as common/program/own_layer.hpp says. Both
// namings keep rotary pairs as neighbours, so that nothing is permuted. Throws FileError or
// std::invalid_argument. An engine makes no scores, so the layer needs less memory (has_scores = false).
Layer load_layer(Walkthrough& walk, bool has_scores = true);

}  // namespace ch7
