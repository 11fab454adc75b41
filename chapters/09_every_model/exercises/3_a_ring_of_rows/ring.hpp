// The cache of a layer with a window. This file is given.
#pragma once
#include <cstddef>

#include "common/tensor.hpp"

struct Ring {
    Tensor4 keys;            // (B, rows, H_kv, head_dim)
    std::size_t tokens = 0;  // written so far, the replaced ones included
};
