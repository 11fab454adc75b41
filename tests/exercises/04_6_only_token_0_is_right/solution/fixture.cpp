#include "common/tensor.hpp"

// Two tokens with keys of width 3: token 1 sees two keys that differ.
Tensor4 fixture() {
    return Tensor4{{{{1.0f, -0.5f, 2.0f}, {0.5f, 1.5f, -1.0f}}}};
}
