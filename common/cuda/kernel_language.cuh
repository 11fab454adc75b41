// The functions that kernels use. The same kernel is compiled twice: by nvcc for a GPU (on_gpu.cuh, where
// each function is a line of PTX or nothing at all) and by any C++ compiler for the emulator
// (emulator/language.hpp, which checks and counts each call).
//
// clang-format off
//   threadIdx.x  blockIdx.x/y/z  blockDim.x  gridDim.x/y/z   this thread's indices, as in CUDA; a warp is 32 threads
//   Global<T>, Global<const T>                     memory of the GPU: p[i], and p + n
//   read_packed<N>(p, i)  write_packed(p, i, x)    N numbers in one access, aligned to their size
//   SharedArena arena;  arena.take<T>("name", n)   a piece of the block's shared memory, after the one before
//   arena.start_over()                             the next pieces may overlap the earlier ones
//   Shared<T>                                      such a piece: s[i], s + n
//   __syncthreads()  __syncwarp()                  waits for all threads of the block, of the warp
//   shuffle_xor(value, mask)                       the value that lane ^ mask has
//   cp_async(to, from, is_valid)                   begins to copy 16 bytes to shared memory; zeros if not valid
//   cp_async_commit()  cp_async_wait<N>()          closes a group of copies; waits until at most N groups are pending
//   ldmatrix_x4(r, row)  ldmatrix_x4_transposed(r, row)      four 8x8 matrices of bf16 into registers
//   mma_m16n8k16(c, a, b)                          c += a b: 16x16 by 16x8 bf16, summed in float
//   pack_bf16(low, high)                           two floats as two bf16 in one register
// clang-format on
//
// KERNEL_SIDE is the namespace of all kernels: on_gpu or emulated. Two compilers compile each kernel, and the
// linker must not confuse the two functions.
#pragma once
#include "common/cuda/bf16.hpp"
#include "common/cuda/host_device.hpp"
#include "common/cuda/packed.hpp"

#ifdef __CUDACC__
#include "common/cuda/on_gpu.cuh"
#else
#include "common/cuda/emulator/language.hpp"
#endif
