#include "common/tensor.hpp"

// Two tokens: the first one sees itself only, and the bug gives it a weight below 1.
Matrix fixture() {
    return Matrix{{0.5f, 1.5f}, {-1.0f, 2.0f}};
}
