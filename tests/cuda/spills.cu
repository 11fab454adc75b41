// A kernel that must spill: no_spills.cmake is tried on it, to see that it can say no. A block of 1024
// threads leaves each of them 64 registers, and this one holds 128 numbers across a barrier.
__global__ void __launch_bounds__(1024) holds_too_much(float* numbers) {
    constexpr int many = 128;
    float held[many];
#pragma unroll
    for (int i = 0; i < many; ++i) held[i] = numbers[threadIdx.x + 1024 * i];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < many; ++i) numbers[threadIdx.x + 1024 * i] = held[i] + held[many - 1 - i];
}
