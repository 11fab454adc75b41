#include <stdexcept>

#include "common/tensor.hpp"

// Writes new keys (B, T, H_kv, head_dim) into the cache (max_batch, max_seq, H_kv, head_dim), to the
// positions from start_pos on. Throws std::invalid_argument, and writes nothing, if B > max_batch or
// start_pos + T > max_seq.
void write_keys(Tensor4& cache, std::size_t start_pos, const Tensor4& new_keys) {
    const std::size_t batch = new_keys.shape(0), tokens = new_keys.shape(1);
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            if (b >= cache.shape(0) || start_pos + t >= cache.shape(1))
                throw std::invalid_argument("the new keys do not fit into the cache");
            for (std::size_t h = 0; h < new_keys.shape(2); ++h) {
                for (std::size_t d = 0; d < new_keys.shape(3); ++d)
                    cache(b, start_pos + t, h, d) = new_keys(b, t, h, d);
            }
        }
    }
}

// The keys of the first `batch` sequences, at the positions 0 to stop - 1: (batch, stop, H_kv, head_dim).
Tensor4 read_keys(const Tensor4& cache, std::size_t batch, std::size_t stop) {
    return torch::narrow(torch::narrow(cache, 1, 0, stop), 0, 0, batch);
}
