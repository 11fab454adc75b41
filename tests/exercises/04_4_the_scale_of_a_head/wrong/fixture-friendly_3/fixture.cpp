#include "common/tensor.hpp"

// One head.
Tensor4 fixture() {
    return Tensor4{{{{1.0f, -0.5f, 2.0f}, {0.5f, 1.5f, -1.0f}}}};
}
