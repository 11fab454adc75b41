// Bug 15: the number of rows in the cache is taken for the position of the next token.
// T = tokens, S = keys in the cache
#include <deque>

#include "chapters/06_rotary_position_embedding/bugs/rotate_rows.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_15 {

using Cache = std::deque<Matrix>;  // keys (1, head_dim), rotated

// Makes room in a cache for one more key: evicts the oldest.
void evict(Cache& cache, std::size_t limit) {
    if (cache.size() == limit) cache.pop_front();
}

// (S, head_dim)
Matrix stacked(const Cache& cache) {
    Matrix rows = Matrix::from_shape({cache.size(), cache.front().shape(1)});
    for (std::size_t s = 0; s < cache.size(); ++s) xt::view(rows, s) = torch::select(cache[s], 0);
    return rows;
}

// keys (T, head_dim) -> (S, head_dim)
Matrix shipped(const Matrix& keys, std::size_t limit) {
    Cache cache;
    for (std::size_t t = 0; t < keys.shape(0); ++t) {
        evict(cache, limit);
        const std::size_t position = cache.size();
        const Matrix key = torch::narrow(keys, 0, t, 1);
        cache.push_back(bug::rotate_neighbours(key, position));
    }
    return stacked(cache);
}

Matrix repaired(const Matrix& keys, std::size_t limit) {
    Cache cache;
    for (std::size_t t = 0; t < keys.shape(0); ++t) {
        evict(cache, limit);
        const std::size_t position = t;
        const Matrix key = torch::narrow(keys, 0, t, 1);
        cache.push_back(bug::rotate_neighbours(key, position));
    }
    return stacked(cache);
}

bug::Bug tell() {
    const Matrix keys = {{1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t limit) -> bug::Fixture {
        return {title, why, {}, shipped(keys, limit), repaired(keys, limit)};
    };
    return {
        .title = "The cache's row count taken for the position",
        .threads = {"rajveer43/VeloxQuant-MLX#389"},
        .story =
            "A cache of limited size evicts old keys. After an eviction, the number of rows in the cache is no "
            "longer the number of tokens so far. The row count was taken for the position of the next token.",
        .letters = "S keys in the cache",
        .result = "cached keys",
        .axes = {"S", "head_dim"},
        .friendly =
            fixture("5 tokens, room for 5",
                    "Every key is (1, 0) before the rotation, so a row shows the cosine and the sine of its "
                    "position. Nothing is evicted.",
                    5),
        .unfriendly =
            fixture("5 tokens, room for 3",
                    "Every key is (1, 0) again. Tokens 3 and 4 get the position 2, because two rows are "
                    "left after each eviction.",
                    3)};
}

}  // namespace bug_15
