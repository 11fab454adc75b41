// nvcc's words for where a function runs. To any other compiler they mean nothing, and kernels are plain
// functions.
#pragma once
#ifndef __CUDACC__
#define __host__
#define __device__
#define __global__ inline
#define __launch_bounds__(threads_of_a_block)
#endif
