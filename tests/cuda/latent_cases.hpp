// Decoding steps on latents, and what they must give.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "chapters/07_multi_head_latent_attention/cuda/latent_decode.hpp"
#include "common/cuda/host_tensors.hpp"
#include "tests/cuda/in_double.hpp"

// Numbers that bf16 holds; behind the last token the cache is NaN.
inline ch7::LatentInput latent_step(const ch7::LatentShape& s) {
    std::mt19937 random(4);
    const auto numbers = [&](std::size_t size) {
        return as_floats(rounded_to_bf16(normal_numbers(random, size)));
    };
    ch7::LatentInput input{s, numbers(count({s.batch, s.n_heads, s.width()})),
                           numbers(count({s.batch, s.max_tokens, s.width()}))};
    for (int b = 0; b < s.batch; ++b) {
        std::fill(input.cache.begin() + s.row(b, s.tokens), input.cache.begin() + s.row(b + 1, 0),
                  std::numeric_limits<float>::quiet_NaN());
    }
    return input;
}

inline std::vector<double> latent_in_double(const ch7::LatentInput& input) {
    const ch7::LatentShape& s = input.shape;
    std::vector<double> context;
    for (int b = 0; b < s.batch; ++b) {
        for (int h = 0; h < s.n_heads; ++h) {
            const auto query = static_cast<std::size_t>(s.query_row(b, h));
            const auto row = [&](std::size_t t) {
                return static_cast<std::size_t>(s.row(b, static_cast<int>(t)));
            };
            const std::vector<double> mixed = attended_in_double(
                static_cast<std::size_t>(s.tokens), static_cast<std::size_t>(s.kv_lora_rank),
                [&](std::size_t t) {
                    return static_cast<double>(s.softmax_scale) *
                           dot_in_double(input.queries, query, input.cache, row(t),
                                         static_cast<std::size_t>(s.width()));
                },
                [&](std::size_t t, std::size_t i) { return static_cast<double>(input.cache[row(t) + i]); });
            context.insert(context.end(), mixed.begin(), mixed.end());
        }
    }
    return context;
}
