// SwiGLU, the feed-forward network of a block: one projection opens or closes a gate for each number of the
// other. Source: Shazeer, "GLU Variants Improve Transformer".
// N = tokens of all sequences, F = hidden width
#pragma once
#include <cstddef>

#include "chapters/02_trainable_weights/linear.hpp"
#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch8 {

// 1 / (1 + exp(-x))
float sigmoid(float x);

// x * sigmoid(x), for each number.
Matrix silu(const Matrix& x);

struct FeedForwardTrace {
    Matrix gate;    // (N, F)    silu(w1 x)
    Matrix up;      // (N, F)    w3 x
    Matrix output;  // (N, dim)  w2(gate * up)
};

struct FeedForward {
    ch2::Linear w1;  // (F, dim)  the gate
    ch2::Linear w2;  // (dim, F)  back to the width of an embedding
    ch2::Linear w3;  // (F, dim)  the values that pass through the gate

    // x (N, dim)
    [[nodiscard]] FeedForwardTrace operator()(const Matrix& x) const;
};
// Draws w1, w2 and w3 in this order, without bias.
FeedForward random_feed_forward(torch::Generator& generator, std::size_t dim, std::size_t hidden_dim);

// The hidden width that follows from dim. SwiGLU has three matrices, not two, so two thirds of the usual 4
// dim have as many parameters. The result is rounded up to a multiple that suits the hardware. Throws
// std::invalid_argument if it is 0 or more than 2³¹ - 1.
std::size_t hidden_width(std::size_t dim, double ffn_dim_multiplier, std::size_t multiple_of);

// The same for an expert: it starts from ffn_exp dim. `capacity` is capacity_factor + 1 where auto_scale_F
// is set: an expert and the shared expert together then cost as much as one dense network. Otherwise it is 1.
std::size_t expert_width(std::size_t dim, double ffn_exp, double ffn_dim_multiplier, double capacity,
                         std::size_t multiple_of);

}  // namespace ch8
