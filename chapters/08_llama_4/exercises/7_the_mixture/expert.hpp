// The matrices of one expert, as nn.Linear stores them: (outputs, inputs). This file is given.
// F = hidden width
#pragma once
#include "common/tensor.hpp"

struct Expert {
    Matrix w1;  // (F, dim)  the gate
    Matrix w2;  // (dim, F)  back to the width of an embedding
    Matrix w3;  // (F, dim)  the values that pass through the gate
};
