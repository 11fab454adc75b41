#include <cmath>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// theta^(-2i / head_dim) for each pair i of a head: (head_dim / 2). head_dim is even.
Vector frequencies(std::size_t head_dim, float theta) {
    Vector freqs = Vector::from_shape({head_dim / 2});

    // freqs(i) is the frequency of pair i, and std::pow(a, b) is a to the power of b. static_cast<float>(n)
    // makes a float of a whole number. Your code replaces the next line.
    throw exercise::Missing("the frequency of pair i is theta to the power of -2i / head_dim");

    return freqs;
}
