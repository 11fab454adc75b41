#include "common/tensor.hpp"

// One token with two heads of different size.
Tensor4 fixture() {
    return Tensor4{{{{1.0f, -2.0f}, {10.0f, 30.0f}}}};
}
