#include "chapters/02_trainable_weights/attention.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/torch/random.hpp"

namespace ch2 {
namespace {

// The same for both classes: only the projections before it differ.
Trace attend(const Matrix& queries, const Matrix& keys, const Matrix& values) {
    Trace trace{queries, keys, values, {}, {}, {}};
    trace.attn_scores = torch::matmul(queries, torch::transpose(keys));

    // New: the scale. Without it, wide keys give large scores, and softmax gives nearly all the weight to one
    // word.
    const auto d_k = static_cast<float>(keys.shape(1));
    const Matrix scaled = trace.attn_scores / std::sqrt(d_k);
    trace.attn_weights = ch1::softmax(scaled);

    trace.context_vec = torch::matmul(trace.attn_weights, values);
    return trace;
}

}  // namespace

Weights random_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out) {
    // One statement for each draw, because the order of the draws is part of the result.
    Weights weights;
    weights.query = torch::rand(generator, d_in, d_out);
    weights.key = torch::rand(generator, d_in, d_out);
    weights.value = torch::rand(generator, d_in, d_out);
    return weights;
}

LinearWeights random_linear_weights(torch::Generator& generator, std::size_t d_in, std::size_t d_out) {
    LinearWeights weights;
    weights.query = random_linear(generator, d_in, d_out);
    weights.key = random_linear(generator, d_in, d_out);
    weights.value = random_linear(generator, d_in, d_out);
    return weights;
}

Trace self_attention(const Matrix& x, const Weights& weights) {
    return attend(torch::matmul(x, weights.query), torch::matmul(x, weights.key),
                  torch::matmul(x, weights.value));
}

Trace self_attention(const Matrix& x, const LinearWeights& weights) {
    return attend(weights.query(x), weights.key(x), weights.value(x));
}

}  // namespace ch2
