// What belongs to somebody on the GPU, and is given back when its owner goes.
#pragma once
#include <memory>
#include <string>
#include <type_traits>

#include "common/cuda/gpu/blas.cuh"
#include "common/cuda/gpu/check.cuh"

// Memory of `bytes` bytes, each 0xff: NaN to float and bf16 alike, until somebody writes.
class DeviceMemory {
  public:
    DeviceMemory(const std::string& name, std::size_t bytes);
    ~DeviceMemory() { cudaFree(memory_); }
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;

    [[nodiscard]] void* get() const { return memory_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string name_;
    std::size_t bytes_;
    void* memory_ = nullptr;
};

// A handle and the function that gives it back.
template <class Handle, class Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy>;

struct DestroyStream {
    void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
struct DestroyEvent {
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
struct DestroyBlas {
    void operator()(cublasHandle_t handle) const { blas().destroy(handle); }
};
using OwnedStream = Owned<cudaStream_t, DestroyStream>;
using OwnedEvent = Owned<cudaEvent_t, DestroyEvent>;
using OwnedBlas = Owned<cublasHandle_t, DestroyBlas>;

OwnedStream make_stream();
OwnedEvent make_event();
OwnedBlas make_blas(cudaStream_t stream);
