#include <limits>

#include "common/tensor.hpp"
#include "softmax.hpp"

// The context vector of word `query`, counted from 0: the weighted sum of all words. (T, d_in) -> (d_in)
Vector context_vector(const Matrix& inputs, std::size_t query) {
    const std::size_t tokens = inputs.shape(0), width = inputs.shape(1);
    Vector scores = xt::zeros<float>({tokens});
    Vector context = xt::zeros<float>({width});
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t d = 0; d < width; ++d) scores(i) += inputs(i, d) * inputs(query, d);
        if (i == query) scores(i) = -std::numeric_limits<float>::infinity();
    }
    const Vector weights = softmax(scores);
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t d = 0; d < width; ++d) context(d) += weights(i) * inputs(i, d);
    }
    return context;
}
