// Takes the place of walk_on_device.cpp in the program without GPU kernels, which builds faster.
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "common/cuda/without_kernels.hpp"

void ch7::walk_on_device(Walkthrough&, const DeviceChoice& choice, const Tensor3&, const Tensor3&,
                         const Weights&, const Config&, const Positions&) {
    refuse_device(7, choice.device);
}
