#include "chapters/02_trainable_weights/scaling.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"
#include "common/torch/random.hpp"

namespace ch2 {
namespace {

double variance(const Matrix& scores) {
    const double mean = xt::mean(scores)();
    const Matrix squares = xt::square(scores - static_cast<float>(mean));
    return xt::mean(squares)();
}

double mean_largest_weight(const Matrix& scores) {
    const Matrix weights = ch1::softmax(scores);
    const Vector largest = xt::amax(weights, {1});
    return xt::mean(largest)();
}

}  // namespace

std::vector<ScalingResult> scaling_experiment(torch::Generator& generator,
                                              const std::vector<std::size_t>& widths, std::size_t queries,
                                              std::size_t keys) {
    std::vector<ScalingResult> results;
    for (const std::size_t d_k : widths) {
        const Matrix query = torch::randn(generator, queries, d_k);
        const Matrix key = torch::randn(generator, keys, d_k);
        const Matrix scores = torch::matmul(query, torch::transpose(key));
        const Matrix scaled = scores / std::sqrt(static_cast<float>(d_k));
        results.push_back({d_k, variance(scores), variance(scaled), mean_largest_weight(scores),
                           mean_largest_weight(scaled)});
    }
    return results;
}

}  // namespace ch2
