#include "common/tensor.hpp"

// Two tokens, none of them cached.
Matrix fixture() {
    return Matrix{{0.5f, 1.5f}, {-1.0f, 2.0f}};
}
