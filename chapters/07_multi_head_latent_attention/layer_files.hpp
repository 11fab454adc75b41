// Somebody's real layer from files: dimensions from the config, weights under DeepSeek's names or Hugging
// Face's, of 8 bits or more.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/config.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"
#include "chapters/07_multi_head_latent_attention/yarn.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch7 {

struct Layer {
    Config config;
    Weights weights;
    float theta = 10000.0f;
    std::optional<Yarn> yarn;
    Tensor3 x;                         // (B, T, dim)
    std::string naming;                // under which names the weights were found
    std::vector<std::string> ignored;  // config fields that are not understood and do not speak of attention
    std::vector<std::string> unused;   // tensors under the prefix that belong to no part of this layer
    std::vector<std::string> dequantized;  // weights that were E4M3 numbers with a scale for each block
};

// Reads what --config, --weights, --prefix and --input name. Without weights they are drawn from `walk`'s
// seed, after x; without input x is 4 random tokens. Both namings keep rotary pairs as neighbours, so that
// nothing is permuted. Throws FileError, or std::invalid_argument that names the tensor, the shape it has and
// the shape that was expected.
Layer load_layer(Walkthrough& walk);

// The sizes of the pieces that --prefill asks for.
std::vector<std::size_t> pieces_of(const Layer& layer, const OwnFiles& own);

}  // namespace ch7
