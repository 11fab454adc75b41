#include "common/cuda/device.hpp"
#include "common/cuda/gpu/blas.cuh"
#include "common/cuda/gpu/cuda_machine.cuh"
#include "common/cuda/multiply_on.cuh"

namespace {

std::string place_of(const char* file, int line) {
    const std::string path = file;
    return path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(line);
}

constexpr const char* on_the_cpu = "--device emulated runs the same kernels on the CPU";

cudaDeviceProp properties() {
    cudaDeviceProp properties;
    CHECK_CUDA(cudaGetDeviceProperties(&properties, 0), "asking the GPU what it is");
    return properties;
}

}  // namespace

// --- checks

void check_cuda(cudaError_t status, const std::string& doing, const char* file, int line) {
    if (status == cudaSuccess) return;
    const char* advice =
        status == cudaErrorMemoryAllocation ? "take a smaller size, or a shorter context" : on_the_cpu;
    throw DeviceError("CUDA: " + std::string(cudaGetErrorString(status)) + ", while " + doing + " (" +
                      place_of(file, line) + "); " + advice);
}

void check_cublas(cublasStatus_t status, const std::string& doing, const char* file, int line) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw DeviceError("cuBLAS: " + std::string(blas().status_text(status)) + ", while " + doing + " (" +
                      place_of(file, line) + "); " + on_the_cpu);
}

void require_gpu() {
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess || devices == 0) {
        throw DeviceError("--device cuda: no GPU can be used (" +
                          std::string(status == cudaSuccess ? "none is there" : cudaGetErrorString(status)) +
                          "); " + on_the_cpu);
    }
    const cudaDeviceProp gpu = properties();
    if (gpu.major < 8) {
        throw DeviceError("--device cuda: " + std::string(gpu.name) + " has compute capability " +
                          std::to_string(gpu.major) + "." + std::to_string(gpu.minor) +
                          ", and the kernels need 8.0 (Ampere); " + on_the_cpu);
    }
}

std::string gpu_name() {
    const cudaDeviceProp gpu = properties();
    return std::string(gpu.name) + ", " + std::to_string(gpu.multiProcessorCount) + " multiprocessors, " +
           std::to_string(gpu.totalGlobalMem >> 30) + " GiB";
}

// --- what is owned

DeviceMemory::DeviceMemory(const std::string& name, std::size_t bytes) : name_(name), bytes_(bytes) {
    const std::string doing = "taking " + std::to_string((bytes + 999999) / 1000000) + " MB for " + name;
    CHECK_CUDA(cudaMalloc(&memory_, bytes), doing);
    const cudaError_t filled = cudaMemset(memory_, 0xff, bytes);
    if (filled != cudaSuccess) cudaFree(memory_);
    CHECK_CUDA(filled, doing);
}

OwnedStream make_stream() {
    cudaStream_t stream;
    CHECK_CUDA(cudaStreamCreate(&stream), "making a stream");
    return OwnedStream(stream);
}

OwnedEvent make_event() {
    cudaEvent_t event;
    CHECK_CUDA(cudaEventCreate(&event), "making a clock");
    return OwnedEvent(event);
}

OwnedBlas make_blas(cudaStream_t stream) {
    cublasHandle_t handle;
    CHECK_CUBLAS(blas().create(&handle), "starting cuBLAS");
    OwnedBlas owned(handle);
    CHECK_CUBLAS(blas().set_stream(handle, stream), "starting cuBLAS");
    return owned;
}

// --- the machine

CudaMachine::CudaMachine() : CudaMachine(nullptr) {
    own_stream_ = make_stream();
    stream_ = own_stream_.get();
}

CudaMachine::CudaMachine(cudaStream_t stream) : stream_(stream), begin_(make_event()), end_(make_event()) {
    const cudaDeviceProp gpu = properties();
    multiprocessors_ = gpu.multiProcessorCount;
    shared_bytes_ = gpu.sharedMemPerBlockOptin;
}

void CudaMachine::check_shared_memory(const char* kernel, std::size_t bytes) const {
    if (bytes <= shared_bytes_) return;
    throw DeviceError(std::string(kernel) + " needs " + std::to_string(bytes / 1024) +
                      " KiB of shared memory, and a block of this GPU has " +
                      std::to_string(shared_bytes_ / 1024) + "; " + on_the_cpu);
}

void CudaMachine::begin_timing() {
    CHECK_CUDA(cudaEventRecord(begin_.get(), stream_), "starting the clock");
}

double CudaMachine::end_timing() {
    float milliseconds = 0;
    CHECK_CUDA(cudaEventRecord(end_.get(), stream_), "stopping the clock");
    CHECK_CUDA(cudaEventSynchronize(end_.get()), "waiting for the GPU");
    CHECK_CUDA(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()), "reading the clock");
    return 1e-3 * static_cast<double>(milliseconds);
}

// cuBLAS stores matrices by columns, so to it each of ours is transposed: c = a b is cᵀ = bᵀ aᵀ.
void CudaMachine::multiply_any(const Product& p, cudaDataType type, const void* a, const void* b, float* c) {
    if (!blas_) blas_ = make_blas(stream_);
    const float one = 1;
    const auto narrow = [](long stride) { return static_cast<int>(stride); };
    CHECK_CUBLAS(blas().multiply(blas_.get(), p.b_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, p.n,
                                 p.m, p.k, &one, b, type, narrow(p.b_row), p.b_batch, a, type,
                                 narrow(p.a_row), p.a_batch, &p.beta, c, CUDA_R_32F, narrow(p.c_row),
                                 p.c_batch, p.batch, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                 "multiplying matrices");
    if (!is_repeating_) launches_.push_back({"cuBLAS", {}, {}});
}

ProductRun multiply_on_gpu(const Product& product, const std::vector<float>& a, const std::vector<float>& b,
                           std::size_t size_of_c) {
    CudaMachine machine;
    return on_gpu::multiply_on(machine, product, a, b, size_of_c);
}
