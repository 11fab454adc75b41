#include "common/tensor.hpp"

// Two tokens, and a head of one pair.
Matrix fixture() {
    return Matrix{{0.1f, 0.2f}, {0.3f, 0.4f}};
}
