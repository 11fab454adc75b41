// Matrix products in memory that another object owns, with strides: single calls of BLAS.
#pragma once
#include <cstddef>
#include <string>

namespace blas {

// A matrix whose rows are `stride` floats apart. The numbers of a row are next to each other.
struct Rows {
    const float* data;
    std::size_t stride;
};
struct MutableRows {
    float* data;
    std::size_t stride;
};

// c = alpha a bᵀ + beta c: (m, k), (n, k) -> (m, n). beta = 0 never reads c.
void multiply_transposed(std::size_t m, std::size_t n, std::size_t k, float alpha, Rows a, Rows b, float beta,
                         MutableRows c);

// c = a b + beta c: (m, k), (k, n) -> (m, n). beta = 0 never reads c.
void multiply(std::size_t m, std::size_t n, std::size_t k, Rows a, Rows b, float beta, MutableRows c);

// The same for one row: c = a bᵀ with a (k), b (n, k) and c (n), and c = a b with b (k, n). For one row, gemm
// would first copy all of b into blocks, which takes longer than the product. c must not contain NaN.
void multiply_row_transposed(std::size_t n, std::size_t k, const float* a, Rows b, float* c);
void multiply_row(std::size_t n, std::size_t k, const float* a, Rows b, float* c);

// While it lives, a call of BLAS uses this many threads. For threads of our own, each of which calls BLAS:
// two kinds of threads on the same cores take five times as long. Does nothing for a BLAS other than
// OpenBLAS.
class Threads {
  public:
    explicit Threads(std::size_t threads);
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

  private:
    int before_;
};

// "OpenBLAS 0.3.21 ..." or "BLAS", for reports.
std::string name();

}  // namespace blas
