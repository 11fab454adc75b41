#include "common/tensor.hpp"

// Two words of the same length: the weights are symmetric.
Matrix fixture() {
    return Matrix{{0.6f, 0.8f}, {1.0f, 0.0f}};
}
