// Your own projections: --weights.
#pragma once
#include <cstddef>
#include <optional>

#include "chapters/02_trainable_weights/attention.hpp"
#include "common/program/options.hpp"

namespace ch2 {

// Reads W_query, W_key and W_value for inputs of width d_in, under the names of the notebook's classes:
// W_query.weight (d_out, d_in), as nn.Linear stores it, or W_query (d_in, d_out), an nn.Parameter. Throws
// FileError, or std::invalid_argument that names the tensor, its shape and the expected shape.
LinearWeights read_weights(const OwnFiles& own, std::size_t d_in);

// Reads out_proj.weight (d_out, d_out) and its bias, if the file has them.
std::optional<Linear> read_out_proj(const OwnFiles& own, std::size_t d_out);

}  // namespace ch2
