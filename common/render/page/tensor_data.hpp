// A tensor inside a page: its values as JSON, from which the scripts make tables.
#pragma once
#include <string>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/torch/print.hpp"

// {"name": "masked", "type": "float32", "shape": [6, 6], "axes": ["T", "T"], "at": [[0, 1 ...], ...],
// "values": "0.28990555 -inf ..."}: the positions on each axis that the page contains, and every value in the
// fewest digits that give the same float32. A tensor above the threshold has only its edges, as in PyTorch's
// print.
std::string tensor_data(const std::string& name, const AnyTensor& tensor,
                        const std::vector<std::string>& axes, const torch::PrintOptions& options);
