// Tokens to turn and to append, and what must come of it.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "chapters/06_rotary_position_embedding/cuda/layer_on_device.hpp"
#include "common/cuda/host_tensors.hpp"
#include "tests/cuda/in_double.hpp"

// A table of real rotations, and caches in which every number tells its place, so that nothing else may
// change.
inline ch6::RopeInput rope_of(const ch6::RopeShape& s) {
    std::mt19937 random(3);
    const auto numbers = [&](std::size_t size) {
        return as_floats(rounded_to_bf16(normal_numbers(random, size)));
    };
    ch6::RopeInput input{
        s,
        ch6::as_pairs(ch6::rotation_table(ch6::frequencies(static_cast<std::size_t>(s.head_dim), 100.0f),
                                          static_cast<std::size_t>(s.start_pos + s.new_tokens))),
        numbers(count({s.batch, s.new_tokens, s.n_heads, s.head_dim})),
        numbers(count({s.batch, s.new_tokens, s.n_kv_heads, s.head_dim})),
        numbers(count({s.batch, s.new_tokens, s.n_kv_heads, s.head_dim})),
        {},
        {}};
    input.cache_k = numbers(count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim}));
    input.cache_v = numbers(count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim}));
    return input;
}

// Row by row in double: a row of `x` turned, or as it is.
inline std::vector<double> turned(const ch6::RopeInput& input, const std::vector<float>& x, long row,
                                  int heads, int t) {
    std::vector<double> result;
    for (int i = 0; i < heads * input.shape.head_dim; i += 2) {
        const auto at = static_cast<std::size_t>(row + i);
        const auto angle = static_cast<std::size_t>(input.shape.angles(t) + i % input.shape.head_dim);
        const auto a = static_cast<double>(x[at]), b = static_cast<double>(x[at + 1]);
        const auto cos = static_cast<double>(input.table[angle]),
                   sin = static_cast<double>(input.table[angle + 1]);
        result.push_back(a * cos - b * sin);
        result.push_back(a * sin + b * cos);
    }
    return result;
}

struct ExpectedOfRope {
    std::vector<double> xq_rotated, cache_k, cache_v;
};
inline ExpectedOfRope appended_in_double(const ch6::RopeInput& input) {
    const ch6::RopeShape& s = input.shape;
    ExpectedOfRope expected{
        {}, {input.cache_k.begin(), input.cache_k.end()}, {input.cache_v.begin(), input.cache_v.end()}};
    for (int b = 0; b < s.batch; ++b) {
        for (int t = 0; t < s.new_tokens; ++t) {
            const std::vector<double> queries = turned(input, input.xq, s.query(b, t), s.n_heads, t),
                                      keys = turned(input, input.xk, s.key(b, t), s.n_kv_heads, t);
            expected.xq_rotated.insert(expected.xq_rotated.end(), queries.begin(), queries.end());
            std::copy(keys.begin(), keys.end(), expected.cache_k.begin() + s.cached(b, t));
            std::copy_n(input.xv.begin() + s.key(b, t), s.n_kv_heads * s.head_dim,
                        expected.cache_v.begin() + s.cached(b, t));
        }
    }
    return expected;
}
