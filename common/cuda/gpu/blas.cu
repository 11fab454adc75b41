#include "common/cuda/gpu/blas.cuh"

#include <cuda_runtime.h>
#include <dlfcn.h>

#include <string>

#include "common/cuda/device.hpp"

namespace {

// By its name, as the system knows it or somebody has loaded it; else from where the build has found it.
void* open_library() {
    const std::string name = "libcublas.so." + std::to_string(CUDART_VERSION / 1000);
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
#ifdef ATTN_CUBLAS
    if (!library) library = dlopen(ATTN_CUBLAS, RTLD_NOW | RTLD_LOCAL);
#endif
    if (!library)
        throw DeviceError("cuBLAS: " + name +
                          " is not where it was when this was built; install the CUDA Toolkit again");
    return library;
}

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (!function)
        throw DeviceError(std::string("cuBLAS: the library has no ") + name + "; is it an old one?");
}

Blas load() {
    void* library = open_library();
    Blas blas{};
    find(library, "cublasCreate_v2", blas.create);
    find(library, "cublasDestroy_v2", blas.destroy);
    find(library, "cublasSetStream_v2", blas.set_stream);
    find(library, "cublasGemmStridedBatchedEx", blas.multiply);
    find(library, "cublasGetStatusString", blas.status_text);
    return blas;
}

}  // namespace

const Blas& blas() {
    static const Blas loaded = load();
    return loaded;
}
