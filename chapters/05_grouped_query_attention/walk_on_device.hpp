// --device: the chapter's attention by its GPU kernels. Chapter 6 tells its own attention with the same
// steps.
#pragma once
#include <optional>

#include "chapters/05_grouped_query_attention/cuda/layer_on_device.hpp"
#include "common/cuda/device_options.hpp"
#include "common/cuda/device_walk.hpp"
#include "common/program/walkthrough.hpp"

namespace ch5 {

// x (B, T, dim) at once, then x_next (B, 1, dim).
void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const Weights& weights, const Config& config);

// The last step: every rung at a size at which it is worth counting or timing.
void what_rungs_cost(Walkthrough& walk, Device where, const std::optional<Roofs>& roofs);

}  // namespace ch5
