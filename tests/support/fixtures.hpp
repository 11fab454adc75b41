// Inputs that hide nothing: odd sizes, all different, and values of both signs.
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "chapters/02_trainable_weights/attention.hpp"
#include "common/any_tensor.hpp"
#include "common/tensor.hpp"
#include "common/torch/random.hpp"

// Normal values; the same seed gives the same tensor.
inline Matrix random_matrix(std::uint64_t seed, std::size_t rows, std::size_t columns) {
    torch::Generator generator(seed);
    return torch::randn(generator, rows, columns);
}

inline Tensor3 random_batch(std::uint64_t seed, std::size_t batch, std::size_t rows, std::size_t columns) {
    return torch::view<3>(random_matrix(seed, batch * rows, columns), {batch, rows, columns});
}

// Linear layers with weights larger than nn.Linear's, so that softmax is far from uniform.
inline ch2::LinearWeights strong_weights(std::uint64_t seed, std::size_t d_in, std::size_t d_out) {
    return {{random_matrix(seed, d_out, d_in), {}},
            {random_matrix(seed + 1, d_out, d_in), {}},
            {random_matrix(seed + 2, d_out, d_in), {}}};
}

// A tensor as text that differs in every bit that differs: shape, then each value with all its digits.
// Comparing these texts gives failures that can be read, which xtensor's own == does not under Catch2.
inline std::string exact(const AnyTensor& tensor) {
    const auto& values = std::get<std::vector<float>>(tensor.values);
    return fmt::format("{} [{}]", to_string(tensor.shape), fmt::join(values, ", "));
}

// softmax(q kᵀ / sqrt(scale_width)) v in double, with plain loops and nothing of the code under test.
// Where `causal`, row i uses keys 0 to i only. (T, d), (T, d), (T, d_v) -> (T, d_v)
inline Matrix attention_in_double(const Matrix& q, const Matrix& k, const Matrix& v, double scale_width,
                                  bool causal) {
    Matrix context = Matrix::from_shape({q.shape(0), v.shape(1)});
    for (std::size_t i = 0; i < q.shape(0); ++i) {
        const std::size_t visible = causal ? i + 1 : k.shape(0);
        std::vector<double> power(visible);
        double total = 0.0;
        for (std::size_t j = 0; j < visible; ++j) {
            double score = 0.0;
            for (std::size_t c = 0; c < q.shape(1); ++c) {
                score += static_cast<double>(q(i, c)) * static_cast<double>(k(j, c));
            }
            power[j] = std::exp(score / std::sqrt(scale_width));
            total += power[j];
        }
        for (std::size_t c = 0; c < v.shape(1); ++c) {
            double sum = 0.0;
            for (std::size_t j = 0; j < visible; ++j) sum += power[j] / total * static_cast<double>(v(j, c));
            context(i, c) = static_cast<float>(sum);
        }
    }
    return context;
}

// float32 attention at these sizes against double; see docs/numbers.md.
constexpr float close_to_double = 2e-6f;
