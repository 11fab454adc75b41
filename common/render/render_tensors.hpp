// The renderer behind --tensors-only: what the notebook's print calls print, in order, and nothing else.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

std::string render_tensors(const Document& document, const torch::PrintOptions& options);
