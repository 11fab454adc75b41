// What online softmax knows of some keys of one query. This file is given. d = width of a value
#pragma once
#include "common/tensor.hpp"

struct State {
    float m;     // the largest score; -inf without a visible key
    float l;     // the sum of exp(score - m)
    Vector acc;  // (d)  the sum of exp(score - m) * value, not divided by l
};
