// The highest rates that this machine's GPU reaches, measured and not read off a data sheet. Kernels are
// compared with them.
#pragma once

struct Roofs {
    double bytes_per_second;  // read and written by a copy of 1 GiB from the GPU's memory to itself
    double flops_per_second;  // of a product of two bf16 matrices of 8192 x 8192 random numbers
};

// Takes about a second. Throws DeviceError if there is no GPU or less than 2 GiB of its memory is free.
Roofs measure_roofs();
