#include "common/tensor.hpp"

// Two tokens with keys of width 2.
Tensor4 fixture() {
    return Tensor4{{{{1.0f, -0.5f}, {0.5f, 1.5f}}}};
}
