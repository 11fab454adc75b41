#include <tuple>

#include "common/tensor.hpp"

// Width 3 takes the path with the loops.
std::tuple<Matrix, Matrix> fixture() {
    const Matrix queries{{1.0f, -2.0f, 0.5f}};
    const Matrix keys{{0.5f, 1.0f, 2.0f}, {2.0f, -1.0f, 0.0f}};
    return {queries, keys};
}
