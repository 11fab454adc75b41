#include "common/cuda/roofs.hpp"

#include <random>

#include "common/cuda/device.hpp"
#include "common/cuda/gpu/cuda_machine.cuh"

namespace {

// Random numbers: a GPU multiplies zeros faster, since fewer of its wires change.
std::vector<bf16> random_numbers(std::size_t size) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<bf16> numbers(size);
    for (bf16& number : numbers) number = to_bf16(normal(generator));
    return numbers;
}

double copied_bytes_per_second() {
    constexpr std::size_t bytes = std::size_t{1} << 30;
    CudaMachine machine;
    const auto from = machine.poisoned<float>("a copy's source", bytes / sizeof(float));
    const auto to = machine.poisoned<float>("a copy's target", bytes / sizeof(float));
    const auto seconds = machine.measure([&] {
        CHECK_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, machine.stream()),
                   "copying 1 GiB");
    });
    return 2.0 * bytes / *seconds;
}

double multiplied_flops_per_second() {
    constexpr int n = 8192;
    constexpr std::size_t repeated = std::size_t{1}
                                     << 20;  // random numbers that fill a matrix several times over
    CudaMachine machine;
    const auto numbers = machine.upload("random numbers", random_numbers(repeated));
    const auto a = machine.poisoned<bf16>("a", std::size_t{n} * n),
               b = machine.poisoned<bf16>("b", std::size_t{n} * n);
    const auto c = machine.poisoned<float>("c", std::size_t{n} * n);
    for (std::size_t i = 0; i < std::size_t{n} * n; i += repeated) {
        for (bf16* matrix : {static_cast<bf16*>(a), static_cast<bf16*>(b)}) {
            CHECK_CUDA(cudaMemcpyAsync(matrix + i, numbers, repeated * sizeof(bf16), cudaMemcpyDeviceToDevice,
                                       machine.stream()),
                       "filling a matrix");
        }
    }
    const Product product{n, n, n, 1, n, 0, n, 0, false, n, 0, 0};
    const auto seconds = machine.measure([&] { machine.multiply<bf16>(product, a, b, c); });
    return 2.0 * n * n * n / *seconds;
}

}  // namespace

Roofs measure_roofs() {
    require_gpu();
    return {copied_bytes_per_second(), multiplied_flops_per_second()};
}
