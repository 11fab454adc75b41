// Where the CUDA Toolkit was not there to build with.
#include "common/cuda/device.hpp"
#include "common/cuda/multiply.hpp"
#include "common/cuda/roofs.hpp"

void require_gpu() {
    throw DeviceError(
        "--device cuda: this build has no CUDA (nvcc or cuBLAS was not found); install the CUDA Toolkit and build again, or take "
        "--device emulated, which runs the same kernels on the CPU");
}

std::string gpu_name() {
    require_gpu();
    return "";
}

ProductRun multiply_on_gpu(const Product&, const std::vector<float>&, const std::vector<float>&,
                           std::size_t) {
    require_gpu();
    return {};
}

Roofs measure_roofs() {
    require_gpu();
    return {};
}
