// Takes the place of walk_on_device.cpp in the program without GPU kernels, which builds faster.
#include "chapters/06_rotary_position_embedding/walk_on_device.hpp"
#include "common/cuda/without_kernels.hpp"

void ch6::walk_on_device(Walkthrough&, const DeviceChoice& choice, const Tensor3&, const Tensor3&,
                         const ch5::Weights&, const ch5::Config&, const ComplexMatrix&) {
    refuse_device(6, choice.device);
}
