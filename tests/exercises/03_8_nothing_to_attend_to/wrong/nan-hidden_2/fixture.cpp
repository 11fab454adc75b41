#include <limits>

#include "common/tensor.hpp"

// One query that sees its own key, and one that sees nothing.
Matrix fixture() {
    const float masked = -std::numeric_limits<float>::infinity();
    return Matrix{{0.5f, masked}, {masked, masked}};
}
