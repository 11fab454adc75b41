// Takes the place of walk_on_device.cpp in the program without GPU kernels, which builds faster.
#include "chapters/05_grouped_query_attention/walk_on_device.hpp"
#include "common/cuda/without_kernels.hpp"

void ch5::walk_on_device(Walkthrough&, const DeviceChoice& choice, const Tensor3&, const Tensor3&,
                         const Weights&, const Config&) {
    refuse_device(5, choice.device);
}
