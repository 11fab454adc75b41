// What this machine's GPU can do at most, measured and not read off a data sheet: what kernels are held
// against.
#pragma once

struct Roofs {
    double bytes_per_second;  // read and written by a copy of 1 GiB from the GPU's memory to itself
    double flops_per_second;  // of a product of two bf16 matrices of 8192 x 8192 random numbers
};

// Takes a second. Throws DeviceError without a GPU, or without 2 GiB of its memory free.
Roofs measure_roofs();
