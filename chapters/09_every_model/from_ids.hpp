// From token numbers to the input of layer 0: the embedding, what the model adds to it, and the norm before
// the attention. T = tokens
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/09_every_model/read_recipe.hpp"
#include "common/files/weight_file.hpp"
#include "common/tensor.hpp"

namespace ch9 {

struct Embedded {
    Tensor3 embeddings;  // (1, T, dim)  with positions, types and their norm where the model has them
    Tensor3 x;           // (1, T, dim)  after the norm before the attention
};

// `whole` has the tensors of the whole model. Throws FileError or std::invalid_argument, which names a number
// that has no row.
Embedded from_ids(const std::vector<std::size_t>& ids, WeightFile& whole, const ReadRecipe& read);

}  // namespace ch9
