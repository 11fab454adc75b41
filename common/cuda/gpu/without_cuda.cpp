// Where the CUDA Toolkit was not there to build with.
#include "common/cuda/device.hpp"

void require_gpu() {
    throw DeviceError(
        "--device cuda: this build has no CUDA (nvcc or cuBLAS was not found); install the CUDA Toolkit and build again, or take "
        "--device emulated, which runs the same kernels on the CPU");
}

std::string gpu_name() {
    require_gpu();
    return "";
}
