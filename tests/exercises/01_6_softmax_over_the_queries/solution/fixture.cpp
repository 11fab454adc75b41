#include "common/tensor.hpp"

// Two words of different length: the weights are not symmetric.
Matrix fixture() {
    return Matrix{{1.0f, 0.0f}, {0.5f, -2.0f}};
}
