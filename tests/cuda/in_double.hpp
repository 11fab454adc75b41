// What kernels must give, in double and with plain loops: softmax(q k) v for one row.
#pragma once
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <random>
#include <vector>

// The mix of `tokens` values of `width` numbers, weighed by softmax(scores). score(t) is already scaled.
inline std::vector<double> attended_in_double(
    std::size_t tokens, std::size_t width, const std::function<double(std::size_t t)>& score,
    const std::function<double(std::size_t t, std::size_t i)>& value) {
    std::vector<double> weights(tokens);
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t t = 0; t < tokens; ++t) largest = std::max(largest, weights[t] = score(t));
    for (double& weight : weights) sum += weight = std::exp(weight - largest);
    std::vector<double> mixed(width);
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t i = 0; i < width; ++i) mixed[i] += weights[t] / sum * value(t, i);
    }
    return mixed;
}

// The dot product of two rows of `width` numbers.
inline double dot_in_double(const std::vector<float>& a, std::size_t at_a, const std::vector<float>& b,
                            std::size_t at_b, std::size_t width) {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i)
        sum += static_cast<double>(a[at_a + i]) * static_cast<double>(b[at_b + i]);
    return sum;
}

inline std::vector<float> normal_numbers(std::mt19937& random, std::size_t size) {
    std::normal_distribution<float> normal;
    std::vector<float> numbers(size);
    for (float& number : numbers) number = normal(random);
    return numbers;
}
