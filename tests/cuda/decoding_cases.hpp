// Decoding steps with sizes that hide nothing, and what they must give: in double, with plain loops.
#pragma once
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/cuda/decode.hpp"
#include "common/cuda/host_tensors.hpp"
#include "tests/cuda/in_double.hpp"

struct DecodingSizes {
    int batch, n_heads, n_kv_heads, head_dim, tokens, max_tokens;
    int first_key = 0;
};
inline std::string to_string(const DecodingSizes& s) {
    return fmt::format("batch {}, {} heads, {} kv heads, head_dim {}, {} tokens of {} from {} on", s.batch,
                       s.n_heads, s.n_kv_heads, s.head_dim, s.tokens, s.max_tokens, s.first_key);
}

// Normal numbers; the cache is NaN before the first key and behind the last token.
inline ch5::DecodeInput decoding_step(const DecodingSizes& s, unsigned seed = 1) {
    ch5::DecodeInput input{{s.batch, s.n_heads, s.n_kv_heads, s.head_dim, s.tokens, s.max_tokens, s.first_key,
                            1 / std::sqrt(static_cast<float>(s.head_dim))},
                           {},
                           {},
                           {}};
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    input.queries.resize(count({s.batch, s.n_heads, s.head_dim}));
    for (float& number : input.queries) number = normal(random);
    for (std::vector<float>* cache : {&input.keys, &input.values}) {
        cache->assign(count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim}),
                      std::numeric_limits<float>::quiet_NaN());
        for (int b = 0; b < s.batch; ++b) {
            const std::size_t first = count({b * s.max_tokens + s.first_key, s.n_kv_heads, s.head_dim});
            for (std::size_t i = 0; i < count({s.tokens, s.n_kv_heads, s.head_dim}); ++i)
                (*cache)[first + i] = normal(random);
        }
    }
    return input;
}

// As a rung sees its input that works with bf16.
inline ch5::DecodeInput rounded(ch5::DecodeInput input) {
    for (std::vector<float>* numbers : {&input.queries, &input.keys, &input.values})
        *numbers = as_floats(rounded_to_bf16(*numbers));
    return input;
}

// Rows are counted here anew, so that a wrong DecodeShape::row is seen.
inline std::vector<double> decoded_in_double(const ch5::DecodeInput& input) {
    const ch5::DecodeShape& s = input.shape;
    const auto d = static_cast<std::size_t>(s.head_dim), n_heads = static_cast<std::size_t>(s.n_heads),
               n_kv_heads = static_cast<std::size_t>(s.n_kv_heads),
               max_tokens = static_cast<std::size_t>(s.max_tokens),
               first_key = static_cast<std::size_t>(s.first_key);
    std::vector<double> context;
    for (std::size_t b = 0; b < static_cast<std::size_t>(s.batch); ++b) {
        for (std::size_t h = 0; h < n_heads; ++h) {
            const std::size_t query = (b * n_heads + h) * d, kv_head = h * n_kv_heads / n_heads;
            const auto row = [&](std::size_t t) {
                return ((b * max_tokens + first_key + t) * n_kv_heads + kv_head) * d;
            };
            const std::vector<double> mixed = attended_in_double(
                static_cast<std::size_t>(s.tokens), d,
                [&](std::size_t t) {
                    return static_cast<double>(s.softmax_scale) *
                           dot_in_double(input.queries, query, input.keys, row(t), d);
                },
                [&](std::size_t t, std::size_t i) { return static_cast<double>(input.values[row(t) + i]); });
            context.insert(context.end(), mixed.begin(), mixed.end());
        }
    }
    return context;
}

// |context - expected| / |expected|; NaN where one of them has it.
inline double relative_error(const std::vector<float>& context, const std::vector<double>& expected) {
    if (context.size() != expected.size()) return std::numeric_limits<double>::infinity();
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(static_cast<double>(context[i]) - expected[i], 2);
        norm += std::pow(expected[i], 2);
    }
    return std::sqrt(difference / norm);
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
