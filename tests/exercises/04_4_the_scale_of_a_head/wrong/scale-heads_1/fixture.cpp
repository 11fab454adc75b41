#include "common/tensor.hpp"

// Two heads, so that the whole width is not the width of a head. Token 1 sees two keys that differ.
Tensor4 fixture() {
    return Tensor4{{{{1.0f, -0.5f, 2.0f}, {0.5f, 1.5f, -1.0f}}, {{-1.0f, 0.3f, 0.7f}, {2.0f, 0.1f, 0.4f}}}};
}
