#include "common/tensor.hpp"

// Two tokens, and a bias on one key of one row.
Matrix fixture() {
    return Matrix{{-2.0f, -2.0f}, {0.0f, 0.0f}};
}
