#include "chapters/09_every_model/head_facts.hpp"

#include <cmath>

namespace ch9 {
namespace {

// The mean, over the queries that have a key for which counts(query, key) holds, of the weight on these keys.
template <class Counts>
float mean_weight(const Matrix& weights, Counts counts) {
    float sum = 0.0f, queries = 0.0f;
    for (std::size_t i = 0; i < weights.shape(0); ++i) {
        bool has_one = false;
        for (std::size_t j = 0; j < weights.shape(1); ++j) {
            if (!counts(i, j)) continue;
            has_one = true;
            sum += weights(i, j);
        }
        if (has_one) queries += 1.0f;
    }
    return sum / queries;
}

float mean_entropy(const Matrix& weights) {
    float bits = 0.0f;
    for (const float weight : weights) {
        if (weight > 0.0f) bits -= weight * std::log2(weight);
    }
    return bits / static_cast<float>(weights.shape(0));
}

}  // namespace

HeadFacts head_facts(const Matrix& attn_weights, const std::vector<std::string>& words) {
    const std::size_t last = words.size() - 1;
    const auto mean = [&](auto counts) { return mean_weight(attn_weights, counts); };
    return {.previous = mean([](std::size_t i, std::size_t j) { return j + 1 == i; }),
            .next = mean([](std::size_t i, std::size_t j) { return j == i + 1; }),
            .itself = mean([](std::size_t i, std::size_t j) { return j == i; }),
            .same_word = mean([&](std::size_t i, std::size_t j) { return j != i && words[j] == words[i]; }),
            .first = mean([](std::size_t, std::size_t j) { return j == 0; }),
            .last = mean([&](std::size_t, std::size_t j) { return j == last; }),
            .entropy = mean_entropy(attn_weights)};
}

}  // namespace ch9
