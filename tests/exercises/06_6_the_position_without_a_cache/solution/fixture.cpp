#include <tuple>

#include "common/tensor.hpp"

// A prompt of one token, then one more, without a cache.
std::tuple<Matrix, std::size_t, bool> fixture() {
    return {Matrix{{0.1f, 0.2f}, {0.3f, -0.4f}}, 1, false};
}
