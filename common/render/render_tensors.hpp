// The renderer of --tensors-only: the output of the notebook's print calls, in order, and nothing else.
#pragma once
#include <string>

#include "common/document/step.hpp"
#include "common/torch/print.hpp"

std::string render_tensors(const Document& document, const torch::PrintOptions& options);
