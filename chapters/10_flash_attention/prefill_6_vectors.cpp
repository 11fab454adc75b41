// Rung 6 of prefill: exp in vectors. Softmax needs an exp for each score. std::exp takes one number at a
// time; a polynomial of degree 6 takes 16 at once (vectors.cpp). Left: the two products, which BLAS computes
// near the limit of the processor.
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/prefill_tiles_in_threads.hpp"
#include "chapters/10_flash_attention/vectors.hpp"

namespace ch10 {

void prefill_vectors(const AttentionCall& call, float* output, std::size_t threads) {
    tiles_in_threads(call, blas_and_vectors, output, threads);
}

}  // namespace ch10
