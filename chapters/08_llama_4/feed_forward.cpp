#include "chapters/08_llama_4/feed_forward.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ch8 {
namespace {

// int(2 width / 3), int(multiplier width), int(width / capacity), and up to the next multiple.
std::size_t narrowed(double width, double ffn_dim_multiplier, double capacity, std::size_t multiple_of) {
    const double two_thirds = std::trunc(2.0 * width / 3.0);
    const double scaled = std::trunc(std::trunc(ffn_dim_multiplier * two_thirds) / capacity);
    const auto multiple = static_cast<double>(multiple_of);
    const double rounded = std::ceil(scaled / multiple) * multiple;
    constexpr double largest = 2147483647.0;
    if (!(rounded >= 1.0 && rounded <= largest)) {
        throw std::invalid_argument(
            fmt::format("the hidden width of the feed-forward network would be {:.0f}, and it must be 1 to "
                        "2147483647: change ffn_dim_multiplier, ffn_exp or multiple_of",
                        rounded));
    }
    return static_cast<std::size_t>(rounded);
}

}  // namespace

float sigmoid(float x) {
    return 1.0f / (1.0f + std::exp(-x));
}

Matrix silu(const Matrix& x) {
    Matrix result = x;
    for (float& value : result) value *= sigmoid(value);
    return result;
}

FeedForwardTrace FeedForward::operator()(const Matrix& x) const {
    FeedForwardTrace trace;
    trace.gate = silu(w1(x));
    trace.up = w3(x);

    const Matrix gated = trace.gate * trace.up;
    trace.output = w2(gated);
    return trace;
}

FeedForward random_feed_forward(torch::Generator& generator, std::size_t dim, std::size_t hidden_dim) {
    FeedForward network;
    network.w1 = ch2::random_linear(generator, dim, hidden_dim);
    network.w2 = ch2::random_linear(generator, hidden_dim, dim);
    network.w3 = ch2::random_linear(generator, dim, hidden_dim);
    return network;
}

std::size_t hidden_width(std::size_t dim, double ffn_dim_multiplier, std::size_t multiple_of) {
    return narrowed(4.0 * static_cast<double>(dim), ffn_dim_multiplier, 1.0, multiple_of);
}

std::size_t expert_width(std::size_t dim, double ffn_exp, double ffn_dim_multiplier, double capacity,
                         std::size_t multiple_of) {
    const double width = std::trunc(ffn_exp * static_cast<double>(dim));
    return narrowed(width, ffn_dim_multiplier, capacity, multiple_of);
}

}  // namespace ch8
