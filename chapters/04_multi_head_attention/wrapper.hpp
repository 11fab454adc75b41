// Multi-head attention in its simplest form, the notebook's MultiHeadAttentionWrapper: several causal
// attentions, whose results are concatenated.
// B = sequences in a batch, T = tokens, H = heads, d_in = width of an embedding, d_out = width of one head
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch4 {

// Draws one set of W_query, W_key, W_value for each head, head after head.
std::vector<ch2::LinearWeights> random_heads(torch::Generator& generator, std::size_t d_in, std::size_t d_out,
                                             std::size_t n_heads);

// (B, T, d_in) -> (B, T, H * d_out). Throws std::invalid_argument if there is no head.
Tensor3 multi_head_wrapper(const Tensor3& x, const std::vector<ch2::LinearWeights>& heads,
                           const ch3::Dropout& dropout, torch::Generator& generator);

}  // namespace ch4
