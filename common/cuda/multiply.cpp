#include "common/cuda/multiply.hpp"

#include "common/cuda/emulator/emulated_machine.hpp"
#include "common/cuda/multiply_on.cuh"

ProductRun multiply(Device device, const Product& product, const std::vector<float>& a,
                    const std::vector<float>& b, std::size_t size_of_c) {
    if (device == Device::emulated) {
        EmulatedMachine machine;
        return emulated::multiply_on(machine, product, a, b, size_of_c);
    }
    require_gpu();
    return multiply_on_gpu(product, a, b, size_of_c);
}

ProductRun linear(Device device, const std::vector<float>& x, const std::vector<float>& weight, int rows,
                  int in, int out) {
    const Product product{.m = rows,
                          .n = out,
                          .k = in,
                          .a_row = in,
                          .a_batch = 0,
                          .b_row = in,
                          .b_batch = 0,
                          .b_is_transposed = true,
                          .c_row = out,
                          .c_batch = 0};
    return multiply(device, product, x, weight,
                    static_cast<std::size_t>(rows) * static_cast<std::size_t>(out));
}
