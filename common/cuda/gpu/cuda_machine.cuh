// A GPU as host code sees it: memory, launches, matrix products and time. EmulatedMachine has the same
// functions.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "common/cuda/gpu/owned.cuh"
#include "common/cuda/kernel_language.cuh"
#include "common/cuda/run_report.hpp"

class CudaMachine {
  public:
    template <class T>
    class Buffer {
      public:
        explicit Buffer(std::shared_ptr<DeviceMemory> memory) : memory_(std::move(memory)) {}
        operator T*() const { return static_cast<T*>(memory_->get()); }
        [[nodiscard]] const DeviceMemory& memory() const { return *memory_; }

      private:
        std::shared_ptr<DeviceMemory> memory_;
    };

    // On a stream of its own, or on somebody else's, who keeps it.
    CudaMachine();
    explicit CudaMachine(cudaStream_t stream);

    template <class T>
    Buffer<T> upload(const char* name, const std::vector<T>& content) {
        Buffer<T> buffer = poisoned<T>(name, content.size());
        CHECK_CUDA(cudaMemcpyAsync(buffer, content.data(), content.size() * sizeof(T), cudaMemcpyHostToDevice,
                                   stream_),
                   std::string("copying ") + name + " to the GPU");
        CHECK_CUDA(cudaStreamSynchronize(stream_), std::string("copying ") + name + " to the GPU");
        return buffer;
    }
    // Not written yet: full of NaN.
    template <class T>
    Buffer<T> poisoned(const char* name, std::size_t size) {
        return Buffer<T>(std::make_shared<DeviceMemory>(name, size * sizeof(T)));
    }
    template <class T>
    std::vector<T> download(const Buffer<T>& buffer) {
        std::vector<T> content(buffer.memory().bytes() / sizeof(T));
        const std::string doing = "copying " + buffer.memory().name() + " from the GPU";
        CHECK_CUDA(
            cudaMemcpyAsync(content.data(), buffer, buffer.memory().bytes(), cudaMemcpyDeviceToHost, stream_),
            doing);
        CHECK_CUDA(cudaStreamSynchronize(stream_), doing);
        return content;
    }

    template <class... Parameters, class... Arguments>
    void launch(const char* name, void (*kernel)(Parameters...), const Grid& grid,
                const Arguments&... arguments) {
        check_shared_memory(name, grid.shared_bytes);
        // More than 48 KiB of it must be asked for.
        CHECK_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        static_cast<int>(grid.shared_bytes)),
                   std::string("asking for the shared memory of ") + name);
        const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                          static_cast<unsigned>(grid.z));
        kernel<<<blocks, static_cast<unsigned>(grid.threads), grid.shared_bytes, stream_>>>(
            static_cast<Parameters>(arguments)...);
        CHECK_CUDA(cudaGetLastError(), std::string("launching ") + name);
        if (!is_repeating_) launches_.push_back({name, grid, {}});
    }

    // By cuBLAS, summed in float.
    template <class T>
    void multiply(const Product& product, const T* a, const T* b, float* c) {
        multiply_any(product, std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_16BF, a, b, c);
    }

    // Does the work once, then until the GPU is warm, then 20 times with the clock on. Returns the median in
    // seconds.
    template <class Work>
    std::optional<double> measure(const Work& work) {
        constexpr int warm_up = 3, runs = 20;
        work();
        CHECK_CUDA(cudaStreamSynchronize(stream_),
                   launches_.empty() ? "waiting for the GPU" : "waiting for " + launches_.back().kernel);
        is_repeating_ = true;
        for (int i = 0; i < warm_up; ++i) work();
        std::vector<double> seconds;
        for (int i = 0; i < runs; ++i) seconds.push_back(time_of(work));
        is_repeating_ = false;
        std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
        return seconds[runs / 2];
    }

    [[nodiscard]] int multiprocessors() const { return multiprocessors_; }
    [[nodiscard]] cudaStream_t stream() const { return stream_; }
    [[nodiscard]] RunReport report(std::optional<double> seconds) const { return {launches_, {}, seconds}; }

  private:
    void check_shared_memory(const char* kernel, std::size_t bytes) const;
    void multiply_any(const Product& product, cudaDataType type, const void* a, const void* b, float* c);
    template <class Work>
    double time_of(const Work& work) {
        begin_timing();
        work();
        return end_timing();
    }
    void begin_timing();
    double end_timing();

    OwnedStream own_stream_;
    cudaStream_t stream_;
    OwnedBlas blas_;
    OwnedEvent begin_, end_;
    int multiprocessors_ = 0;
    std::size_t shared_bytes_ = 0;  // that a block can have
    bool is_repeating_ = false;
    std::vector<LaunchReport> launches_;
};
