// No call to CUDA or cuBLAS goes unchecked.
#pragma once
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <string>

// Throw DeviceError: what CUDA says, what was being done, in which file and line, and what to do.
void check_cuda(cudaError_t status, const std::string& doing, const char* file, int line);
void check_cublas(cublasStatus_t status, const std::string& doing, const char* file, int line);

#define CHECK_CUDA(call, doing) check_cuda((call), (doing), __FILE__, __LINE__)
#define CHECK_CUBLAS(call, doing) check_cublas((call), (doing), __FILE__, __LINE__)
