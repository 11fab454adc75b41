// Uploads floats from the host, multiplies, downloads the result. Machine: CudaMachine or EmulatedMachine.
#pragma once
#include "common/cuda/kernel_language.cuh"
#include "common/cuda/multiply.hpp"

inline namespace KERNEL_SIDE {

template <class Machine>
ProductRun multiply_on(Machine& machine, const Product& product, const std::vector<float>& a,
                       const std::vector<float>& b, std::size_t size_of_c) {
    const auto left = machine.upload("a", a), right = machine.upload("b", b);
    const auto result = machine.template poisoned<float>("c", size_of_c);
    const auto seconds =
        machine.measure([&] { machine.template multiply<float>(product, left, right, result); });
    return {machine.download(result), machine.report(seconds)};
}

}  // namespace KERNEL_SIDE
