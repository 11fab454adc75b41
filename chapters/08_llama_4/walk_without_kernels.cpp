// Takes the place of walk_on_device.cpp in the program without GPU kernels, which builds faster.
#include "chapters/08_llama_4/walk_on_device.hpp"
#include "common/cuda/without_kernels.hpp"

void ch8::walk_on_device(Walkthrough&, const DeviceChoice& choice, const Setting&) {
    refuse_device(8, choice.device);
}
