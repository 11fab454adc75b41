// One query: the scores of its keys, and how many keys make a block. This file is given.
#pragma once
#include <cstddef>
#include <limits>

#include "common/tensor.hpp"

constexpr float masked = -std::numeric_limits<float>::infinity();

struct Query {
    Vector scores;      // (S), where a masked key has the score `masked`
    std::size_t block;  // keys of a block; the last block may be shorter
};
