#include <vector>

#include "common/tensor.hpp"

// Writes the keys of a text into an empty cache, one call after the other. Call i brings the keys of its
// tokens, (T_i, head_dim). Returns the cache (max_seq, head_dim), which is 0 behind the text.
Matrix fill_cache(const std::vector<Matrix>& calls, std::size_t max_seq) {
    const std::size_t head_dim = calls.front().shape(1);
    Matrix cache = xt::zeros<float>({max_seq, head_dim});
    std::size_t offset = 0;
    for (const Matrix& keys : calls) {
        for (std::size_t t = 0; t < keys.shape(0); ++t) {
            for (std::size_t d = 0; d < head_dim; ++d) cache(offset + t, d) = keys(t, d);
        }
        offset += keys.shape(0);
    }
    return cache;
}
