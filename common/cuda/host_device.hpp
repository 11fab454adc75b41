// nvcc's keywords for where a function runs. For any other compiler they are empty macros, so that kernels
// are plain functions.
#pragma once
#ifndef __CUDACC__
#define __host__
#define __device__
#define __global__ inline
#define __launch_bounds__(threads_of_a_block)
#endif
