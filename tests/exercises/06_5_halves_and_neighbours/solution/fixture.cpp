#include "common/tensor.hpp"

// Two tokens, and a head of two pairs.
Matrix fixture() {
    return Matrix{{0.1f, 0.2f, 0.3f, 0.4f}, {0.5f, -0.6f, 0.7f, 0.8f}};
}
