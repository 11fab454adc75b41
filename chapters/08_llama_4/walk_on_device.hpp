// --device: the attention of layer 0 with GPU kernels, from projections to output.
#pragma once
#include "chapters/08_llama_4/small_model.hpp"
#include "common/cuda/device_options.hpp"
#include "common/program/walkthrough.hpp"

namespace ch8 {

void walk_on_device(Walkthrough& walk, const DeviceChoice& choice, const Setting& setting);

}  // namespace ch8
