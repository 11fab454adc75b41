// A GPU that is no GPU: memory, launches and matrix products as host code sees them, carried out by the
// emulator. CudaMachine (common/cuda/gpu/) has the same functions, so that host code is a template over the
// two.
#pragma once
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/cuda/emulator/emulator_options.hpp"
#include "common/cuda/grid.hpp"
#include "common/cuda/kernel_language.cuh"
#include "common/cuda/run_report.hpp"

class EmulatedMachine {
  public:
    template <class T>
    class Buffer {
      public:
        explicit Buffer(std::shared_ptr<GlobalMemory> memory) : memory_(std::move(memory)) {}
        operator Global<T>() const { return Global<T>(*memory_); }
        operator Global<const T>() const { return Global<const T>(*memory_); }
        [[nodiscard]] GlobalMemory& memory() const { return *memory_; }

      private:
        std::shared_ptr<GlobalMemory> memory_;
    };

    explicit EmulatedMachine(EmulatorOptions options = {}) : options_(std::move(options)) {}

    template <class T>
    Buffer<T> upload(const char* name, const std::vector<T>& content) {
        return keep<T>(std::make_shared<GlobalMemory>(name, content.data(), content.size() * sizeof(T)));
    }
    // Not written yet: full of NaN.
    template <class T>
    Buffer<T> poisoned(const char* name, std::size_t size) {
        return keep<T>(std::make_shared<GlobalMemory>(name, size * sizeof(T)));
    }
    template <class T>
    std::vector<T> download(const Buffer<T>& buffer) {
        std::vector<T> content(buffer.memory().content().size() / sizeof(T));
        if (!content.empty())
            std::memcpy(content.data(), buffer.memory().content().data(), content.size() * sizeof(T));
        return content;
    }

    // Runs the kernel in every thread of the grid. Throws KernelError, with the kernel's name before it.
    template <class... Parameters, class... Arguments>
    void launch(const char* name, void (*kernel)(Parameters...), const Grid& grid,
                const Arguments&... arguments) {
        run(name, grid, [&] { kernel(static_cast<Parameters>(arguments)...); });
    }

    // On a GPU this is cuBLAS.
    template <class T>
    void multiply(const Product& product, Global<const T> a, Global<const T> b, Global<float> c) {
        multiply_batch<T>(product, a.content(), b.content(), c.content());
        launches_.push_back({"matrix product", {}, {}});
    }

    // Does the work. On a GPU it is done several times and timed; here a time would mean nothing.
    template <class Work>
    std::optional<double> measure(const Work& work) {
        work();
        return std::nullopt;
    }

    // How many blocks it takes to keep the device busy. A few, so that small work is split here too.
    [[nodiscard]] int multiprocessors() const { return 4; }

    [[nodiscard]] RunReport report(std::optional<double> seconds) const;

  private:
    template <class T>
    Buffer<T> keep(std::shared_ptr<GlobalMemory> memory) {
        memory_.push_back(memory);
        return Buffer<T>(std::move(memory));
    }
    void run(const char* name, const Grid& grid, const std::function<void()>& kernel);
    template <class T>
    static void multiply_batch(const Product& product, const T* a, const T* b, float* c);

    EmulatorOptions options_;
    std::vector<std::shared_ptr<GlobalMemory>> memory_;
    std::vector<LaunchReport> launches_;
};

template <class T>
void EmulatedMachine::multiply_batch(const Product& p, const T* a, const T* b, float* c) {
    for (int i = 0; i < p.batch; ++i, a += p.a_batch, b += p.b_batch, c += p.c_batch) {
        for (int row = 0; row < p.m; ++row) {
            for (int column = 0; column < p.n; ++column) {
                float sum = 0;
                for (int k = 0; k < p.k; ++k) {
                    const long in_b = p.b_is_transposed ? column * p.b_row + k : k * p.b_row + column;
                    sum += to_float(a[row * p.a_row + k]) * to_float(b[in_b]);
                }
                float& out = c[row * p.c_row + column];
                out = p.beta == 0 ? sum : sum + p.beta * out;
            }
        }
    }
}
