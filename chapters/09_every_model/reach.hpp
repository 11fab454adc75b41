// How far the information of a text travels: a layer with a window sees near tokens only, but these have
// seen others in the layers below.
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/09_every_model/recipe.hpp"

namespace ch9 {

// The first position whose token can change the output of the token at `query`, after these layers.
std::size_t earliest_reached(const std::vector<Mask>& layers, std::size_t query);

}  // namespace ch9
