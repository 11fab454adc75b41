#include "common/blas.hpp"

#include <xtensor-blas/xblas.hpp>

#ifdef ATTN_OPENBLAS
extern "C" {
void openblas_set_num_threads(int threads);
int openblas_get_num_threads();
char* openblas_get_config();
}
#endif

namespace blas {
namespace {

int index(std::size_t n) {
    return static_cast<int>(n);
}

}  // namespace

void multiply_transposed(std::size_t m, std::size_t n, std::size_t k, float alpha, Rows a, Rows b, float beta,
                         MutableRows c) {
    cxxblas::gemm<int>(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::Trans, index(m), index(n), index(k),
                       alpha, a.data, index(a.stride), b.data, index(b.stride), beta, c.data,
                       index(c.stride));
}

void multiply(std::size_t m, std::size_t n, std::size_t k, Rows a, Rows b, float beta, MutableRows c) {
    cxxblas::gemm<int>(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::NoTrans, index(m), index(n), index(k),
                       1.0f, a.data, index(a.stride), b.data, index(b.stride), beta, c.data, index(c.stride));
}

void multiply_row_transposed(std::size_t n, std::size_t k, const float* a, Rows b, float* c) {
    cxxblas::gemv<int>(cxxblas::RowMajor, cxxblas::NoTrans, index(n), index(k), 1.0f, b.data, index(b.stride),
                       a, 1, 0.0f, c, 1);
}

void multiply_row(std::size_t n, std::size_t k, const float* a, Rows b, float* c) {
    cxxblas::gemv<int>(cxxblas::RowMajor, cxxblas::Trans, index(k), index(n), 1.0f, b.data, index(b.stride),
                       a, 1, 0.0f, c, 1);
}

#ifdef ATTN_OPENBLAS
Threads::Threads(std::size_t threads) : before_(openblas_get_num_threads()) {
    if (before_ != index(threads)) openblas_set_num_threads(index(threads));
}
Threads::~Threads() {
    if (before_ != openblas_get_num_threads()) openblas_set_num_threads(before_);
}
std::string name() {
    return openblas_get_config();
}
#else
Threads::Threads(std::size_t) : before_(0) {}
Threads::~Threads() = default;
std::string name() {
    return "BLAS";
}
#endif

}  // namespace blas
