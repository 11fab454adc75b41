#include <tuple>

#include "common/tensor.hpp"

// With one key, the only weight is 1.
std::tuple<Matrix, Matrix> fixture() {
    const Matrix queries{{1.0f, -2.0f, 0.5f}};
    const Matrix keys{{0.5f, 1.0f, 2.0f}};
    return {queries, keys};
}
