// --device: the chapter's attention with GPU kernels. Chapter 6 shows its own attention with the same steps.
#pragma once
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "common/cuda/device_options.hpp"
#include "common/program/walkthrough.hpp"

namespace ch5 {

// Runs x (B, T, dim) at once, then x_next (B, 1, dim).
void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const Weights& weights, const Config& config);

}  // namespace ch5
