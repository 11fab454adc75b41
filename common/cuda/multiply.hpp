// Matrix products on a device, for projections: cuBLAS on a GPU, plain loops in the emulator.
#pragma once
#include <vector>

#include "common/cuda/device.hpp"
#include "common/cuda/grid.hpp"
#include "common/cuda/run_report.hpp"

struct ProductRun {
    std::vector<float> c;
    RunReport report;
};

// Returns `size_of_c` numbers. The product fills those that its strides reach. `device` is cuda or emulated.
// Throws DeviceError if the device is missing.
ProductRun multiply(Device device, const Product& product, const std::vector<float>& a,
                    const std::vector<float>& b, std::size_t size_of_c);
ProductRun multiply_on_gpu(const Product& product, const std::vector<float>& a, const std::vector<float>& b,
                           std::size_t size_of_c);

// Computes x weightᵀ like nn.Linear without bias: x (rows, in), weight (out, in) -> (rows, out).
ProductRun linear(Device device, const std::vector<float>& x, const std::vector<float>& weight, int rows,
                  int in, int out);
