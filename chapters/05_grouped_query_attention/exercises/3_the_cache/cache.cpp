#include <stdexcept>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Writes new keys (B, T, H_kv, head_dim) into the cache (max_batch, max_seq, H_kv, head_dim), to the
// positions from start_pos on. Throws std::invalid_argument, and writes nothing, if B > max_batch or
// start_pos + T > max_seq.
void write_keys(Tensor4& cache, std::size_t start_pos, const Tensor4& new_keys) {
    // cache.shape(0) is max_batch, cache.shape(1) is max_seq, and cache(b, s, h, d) is one number. Your code
    // replaces the next line.
    throw exercise::Missing("token t of the new keys must get into the cache at position start_pos + t");
}

// The keys of the first `batch` sequences, at the positions 0 to stop - 1: (batch, stop, H_kv, head_dim).
Tensor4 read_keys(const Tensor4& cache, std::size_t batch, std::size_t stop) {
    // torch::narrow(x, axis, start, length) returns `length` slices of x along one axis, from `start` on.
    // Your code replaces the next line.
    throw exercise::Missing("the first `batch` sequences, and the first `stop` tokens of each");
}
