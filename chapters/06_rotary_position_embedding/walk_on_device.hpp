// --device: Llama's whole attention with GPU kernels, from projections to output.
#pragma once
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "common/cuda/device_options.hpp"
#include "common/program/walkthrough.hpp"

namespace ch6 {

// Runs x (B, T, dim) at once, then x_next (B, 1, dim).
void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Tensor3& x, const Tensor3& x_next,
                    const ch5::Weights& weights, const ch5::Config& config, const ComplexMatrix& table);

}  // namespace ch6
