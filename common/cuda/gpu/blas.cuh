// cuBLAS, loaded when the first product is asked for: a walk on the CPU need not wait for its libraries, a
// tenth of a second.
#pragma once
#include <cublas_v2.h>

struct Blas {
    decltype(&cublasCreate_v2) create;
    decltype(&cublasDestroy_v2) destroy;
    decltype(&cublasSetStream_v2) set_stream;
    // cublasGemmStridedBatchedEx, of which the header has overloads.
    cublasStatus_t (*multiply)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n, int k,
                               const void* alpha, const void* a, cudaDataType, int a_row, long long a_batch,
                               const void* b, cudaDataType, int b_row, long long b_batch, const void* beta,
                               void* c, cudaDataType, int c_row, long long c_batch, int batch,
                               cublasComputeType_t, cublasGemmAlgo_t);
    decltype(&cublasGetStatusString) status_text;
};

// Throws DeviceError if the library cannot be loaded.
const Blas& blas();
