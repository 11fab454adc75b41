// Two tensors beside each other, with a sign between the rows that differ.
#pragma once
#include <string>
#include <vector>

#include "common/document/step.hpp"
#include "common/render/terminal.hpp"
#include "common/torch/print.hpp"

// The lines of the picture, at most `terminal.width` columns wide; none if there is no room. Two tensors of
// one shape are printed in one style, so that equal numbers look equal.
std::vector<std::string> draw_side_by_side(const ShownPair& pair, const Terminal& terminal,
                                           const torch::PrintOptions& options);
