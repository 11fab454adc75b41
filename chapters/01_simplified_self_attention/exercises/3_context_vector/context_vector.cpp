#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"
#include "softmax.hpp"

// The context vector of word `query`, counted from 0: the weighted sum of all words. (T, d_in) -> (d_in)
Vector context_vector(const Matrix& inputs, std::size_t query) {
    const std::size_t tokens = inputs.shape(0), width = inputs.shape(1);
    Vector scores = xt::zeros<float>({tokens});
    Vector context = xt::zeros<float>({width});

    // inputs(i, d) is number d of word i, and scores(i) is one score. `Vector weights = softmax(scores);`
    // gives the weights. Your code replaces the next line.
    throw exercise::Missing("the scores of all words, their softmax, and the weighted sum of the words");

    return context;
}
