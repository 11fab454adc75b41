// The settings of YaRN in a layer of latent attention, and a fixture. This file is given.
#pragma once
#include "common/tensor.hpp"

struct Yarn {
    float factor;          // how many times as long a text may be as in training
    float mscale;          // for the cosines and sines
    float mscale_all_dim;  // for all dimensions of queries and keys
};

struct Fixture {
    Matrix scores;  // (T, S), queries with keys, not yet scaled
    Yarn yarn;
};
