// Somebody's real layer from files: dimensions from config.json, weights under any of the three namings.
// H = query heads, H_kv = key and value heads
#pragma once
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/config.hpp"
#include "common/files/model_config.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch5 {

struct Layer {
    Config config;
    Weights weights;
    Tensor3 x;                // (B, T, dim)
    ModelConfig model;        // as the file has it: chapter 6 reads the rotary part
    bool half_split = false;  // Hugging Face's names: rows of wq and wk in the half-split order
    std::string naming;       // "wq, wk, wv, wo": under which names the weights were found
    std::vector<std::string>
        unused;  // tensors under the prefix that belong to no part of it (--ignore-unused)
};

// Reads what --config, --weights, --prefix and --input name. Without weights they are drawn from `walk`'s
// seed as chapter 5 draws its own, after x; without input x is 4 random tokens. Throws FileError, or
// std::invalid_argument that names the tensor, the shape it has and the shape that was expected.
Layer load_layer(Walkthrough& walk);

// For --device: kernels project without bias. Throws std::invalid_argument where the layer has one.
void refuse_bias_on_device(const Layer& layer);

// The sizes of the pieces that --prefill asks for.
std::vector<std::size_t> pieces_of(const Layer& layer, const OwnFiles& own);

}  // namespace ch5
