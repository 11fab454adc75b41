// Prefills with sizes that hide nothing, and what they must give.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/cuda/prefill.hpp"
#include "chapters/08_llama_4/chunked_mask.hpp"
#include "common/cuda/host_tensors.hpp"
#include "tests/cuda/in_double.hpp"

struct PrefillSizes {
    int batch, n_heads, n_kv_heads, qk, v, new_tokens, start_pos;
    int chunk = 0;
};
inline std::string to_string(const PrefillSizes& s) {
    return fmt::format("batch {}, {} heads, {} kv heads, widths {} and {}, {} tokens from {} on, chunk {}",
                       s.batch, s.n_heads, s.n_kv_heads, s.qk, s.v, s.new_tokens, s.start_pos, s.chunk);
}

// Numbers that bf16 holds, so that the reference sees what the kernel sees. Keys and values that no query
// sees, because they stand before the chunk of the first one, are NaN.
inline ch5::PrefillInput prefill_of(const PrefillSizes& s, unsigned seed = 1) {
    const ch5::PrefillShape shape{s.batch,     s.n_heads, s.n_kv_heads,
                                  s.qk,        s.v,       s.new_tokens,
                                  s.start_pos, s.chunk,   1 / std::sqrt(static_cast<float>(s.qk))};
    std::mt19937 random(seed);
    const auto numbers = [&](std::size_t size) {
        return as_floats(rounded_to_bf16(normal_numbers(random, size)));
    };
    const int tokens = shape.tokens(), unseen = s.chunk == 0 ? 0 : s.start_pos - s.start_pos % s.chunk;
    const auto cached = [&](int width) {
        std::vector<float> rows = numbers(count({s.batch, tokens, s.n_kv_heads, width}));
        for (int b = 0; b < s.batch; ++b) {
            std::fill_n(rows.begin() + static_cast<long>(count({b, tokens, s.n_kv_heads, width})),
                        count({unseen, s.n_kv_heads, width}), std::numeric_limits<float>::quiet_NaN());
        }
        return rows;
    };
    std::vector<float> queries = numbers(count({s.batch, s.new_tokens, s.n_heads, s.qk})),
                       keys = cached(s.qk), values = cached(s.v);
    return {shape, std::move(queries), std::move(keys), std::move(values)};
}

// The keys that query t sees, by the mask of chapter 8 or, without chunks, of chapter 5.
inline std::vector<std::size_t> seen_by(const ch5::PrefillShape& s, int t) {
    const auto size = [](int number) { return static_cast<std::size_t>(number); };
    const ch3::MaskMatrix mask =
        s.chunk == 0 ? ch5::future_mask(size(s.new_tokens), size(s.start_pos))
                     : ch8::chunked_mask(size(s.new_tokens), size(s.start_pos), size(s.chunk));
    std::vector<std::size_t> seen;
    for (std::size_t u = 0; u < mask.shape(1); ++u) {
        if (!mask(size(t), u)) seen.push_back(u);
    }
    return seen;
}

inline std::vector<double> prefilled_in_double(const ch5::PrefillInput& input) {
    const ch5::PrefillShape& s = input.shape;
    const auto qk = static_cast<std::size_t>(s.qk_head_dim), v = static_cast<std::size_t>(s.v_head_dim);
    std::vector<double> context;
    for (int b = 0; b < s.batch; ++b) {
        for (int t = 0; t < s.new_tokens; ++t) {
            const std::vector<std::size_t> seen = seen_by(s, t);
            for (int h = 0; h < s.n_heads; ++h) {
                const auto query = static_cast<std::size_t>(s.query_row(b, t, h, s.qk_head_dim));
                const auto row = [&](std::size_t token, int width) {
                    return static_cast<std::size_t>(
                        s.key_row(b, static_cast<int>(token), h / (s.n_heads / s.n_kv_heads), width));
                };
                const std::vector<double> mixed = attended_in_double(
                    seen.size(), v,
                    [&](std::size_t u) {
                        return static_cast<double>(s.softmax_scale) *
                               dot_in_double(input.queries, query, input.keys, row(seen[u], s.qk_head_dim),
                                             qk);
                    },
                    [&](std::size_t u, std::size_t i) {
                        return static_cast<double>(input.values[row(seen[u], s.v_head_dim) + i]);
                    });
                context.insert(context.end(), mixed.begin(), mixed.end());
            }
        }
    }
    return context;
}
