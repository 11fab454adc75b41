// What online softmax knows of the scores so far. This file is given.
#pragma once
#include <limits>

struct State {
    float m = -std::numeric_limits<float>::infinity();  // the largest score
    float l = 0.0f;                                     // the sum of exp(score - m)
};
