#include <tuple>

#include "common/tensor.hpp"

// Width 4 takes the fast path.
std::tuple<Matrix, Matrix> fixture() {
    const Matrix queries{{1.0f, -2.0f, 0.5f, 3.0f}};
    const Matrix keys{{0.5f, 1.0f, 2.0f, 1.0f}, {2.0f, -1.0f, 0.0f, 0.5f}};
    return {queries, keys};
}
