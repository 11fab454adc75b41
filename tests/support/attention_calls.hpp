// Calls of attention on memory that hides nothing: NaN between the rows, before the first and after the last
// one, and odd sizes. And the same attention in double.
#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/attention_call.hpp"

// A tensor (B, rows, heads, width) of normal values, in a buffer whose other places are NaN.
class PoisonedHeads {
  public:
    PoisonedHeads(std::mt19937& random, std::size_t batch, std::size_t rows, std::size_t heads,
                  std::size_t width, float size)
        : batch_(batch), rows_(rows), heads_(heads), width_(width) {
        row_ = heads * (width + gap) + gap;
        buffer_.assign(batch * (rows + rows_after) * row_ + row_, std::numeric_limits<float>::quiet_NaN());
        std::normal_distribution<float> normal(0.0f, size);
        for (std::size_t b = 0; b < batch; ++b)
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t h = 0; h < heads; ++h)
                    for (std::size_t i = 0; i < width; ++i) at(b, r, h)[i] = normal(random);
    }

    float* at(std::size_t b, std::size_t r, std::size_t h) {
        return buffer_.data() + row_ + b * batch_stride() + r * row_ + h * (width_ + gap);
    }
    View4 view() {
        return {at(0, 0, 0), {batch_, rows_, heads_, width_}, {batch_stride(), row_, width_ + gap, 1}};
    }

  private:
    static constexpr std::size_t gap = 3, rows_after = 5;
    [[nodiscard]] std::size_t batch_stride() const { return (rows_ + rows_after) * row_; }

    std::size_t batch_, rows_, heads_, width_, row_;
    std::vector<float> buffer_;
};

struct CallSizes {
    std::size_t batch = 1, queries = 1, keys = 1, heads = 1, kv_heads = 1, width = 8, value_width = 8;
};

// A call with everything that it points to. Its queries are the last tokens of the text.
class CallFixture {
  public:
    explicit CallFixture(const CallSizes& sizes, unsigned seed = 7, std::size_t pe_width = 0)
        : random_(seed),
          queries(random_, sizes.batch, sizes.queries, sizes.heads, sizes.width, 1.5f),
          keys(random_, sizes.batch, sizes.keys, sizes.kv_heads, sizes.width, 1.0f),
          values(random_, sizes.batch, sizes.keys, sizes.kv_heads, sizes.value_width, 1.0f),
          queries_pe(random_, sizes.batch, sizes.queries, sizes.heads, pe_width, 1.0f),
          keys_pe(random_, sizes.batch, sizes.keys, sizes.kv_heads, pe_width, 1.0f) {
        call.batch = sizes.batch;
        call.n_queries = sizes.queries;
        call.n_keys = sizes.keys;
        call.n_heads = sizes.heads;
        call.n_kv_heads = sizes.kv_heads;
        call.queries = queries.view();
        call.keys = keys.view();
        call.values = values.view();
        call.queries_pe = queries_pe.view();
        call.keys_pe = keys_pe.view();
        call.scale = 1.0f / std::sqrt(static_cast<float>(sizes.width));
        call.start_pos = sizes.keys - sizes.queries;
    }
    CallFixture(const CallFixture&) = delete;
    CallFixture& operator=(const CallFixture&) = delete;

  private:
    std::mt19937 random_;

  public:
    PoisonedHeads queries, keys, values, queries_pe, keys_pe;
    std::vector<float> sinks;
    std::vector<char> is_text_storage;
    AttentionCall call;

    // Draws sinks, a bias for each distance, or padding: a third of the keys, and all keys of the last
    // sequence.
    void add_sinks() {
        std::normal_distribution<float> normal;
        for (std::size_t h = 0; h < call.n_heads; ++h) sinks.push_back(normal(random_));
        call.sinks = sinks.data();
    }
    void add_bias() {
        std::normal_distribution<float> normal;
        call.bias.lowest = -static_cast<std::ptrdiff_t>(call.start_pos + call.n_queries);
        call.bias.distances = call.start_pos + call.n_queries + call.first_key + call.n_keys + 1;
        for (std::size_t i = 0; i < call.n_heads * call.bias.distances; ++i)
            call.bias.values.push_back(normal(random_));
    }
    void add_padding() {
        static_assert(sizeof(bool) == sizeof(char));
        for (std::size_t i = 0; i < call.batch * call.n_keys; ++i)
            is_text_storage.push_back(i % 3 != 1 && i / call.n_keys + 1 != call.batch);
        call.is_text = reinterpret_cast<const bool*>(is_text_storage.data());
    }

    [[nodiscard]] std::size_t outputs() const {
        return call.batch * call.n_queries * call.n_heads * call.value_dim();
    }
};

// The attention of a call in double, with plain loops and nothing of the code under test.
inline std::vector<double> attention_in_double(const AttentionCall& call) {
    std::vector<double> output;
    const auto product = [](const float* a, const float* b, std::size_t width) {
        double sum = 0;
        for (std::size_t i = 0; i < width; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        return sum;
    };
    for (std::size_t b = 0; b < call.batch; ++b) {
        for (std::size_t i = 0; i < call.n_queries; ++i) {
            for (std::size_t h = 0; h < call.n_heads; ++h) {
                const std::size_t query = call.start_pos + i, kv = h / (call.n_heads / call.n_kv_heads);
                double total = 0;
                std::vector<double> context(call.value_dim(), 0.0);
                for (std::size_t j = 0; j < call.n_keys; ++j) {
                    const std::size_t key = call.first_key + j;
                    if (call.causal && key > query) continue;
                    if (call.window > 0 && key + call.window <= query) continue;
                    if (call.chunk > 0 && key < query / call.chunk * call.chunk) continue;
                    if (call.is_text != nullptr && !call.is_text[b * call.n_keys + j]) continue;
                    double score =
                        product(call.queries.row(b, i, h), call.keys.row(b, j, kv), call.keys.shape(3));
                    if (call.keys_pe.shape(3) > 0) {
                        score += product(call.queries_pe.row(b, i, h), call.keys_pe.row(b, j, kv),
                                         call.keys_pe.shape(3));
                    }
                    score *= static_cast<double>(call.scale);
                    if (call.soft_cap > 0) {
                        const auto cap = static_cast<double>(call.soft_cap);
                        score = cap * std::tanh(score / cap);
                    }
                    if (!call.bias.values.empty()) {
                        const auto distance =
                            static_cast<std::ptrdiff_t>(key) - static_cast<std::ptrdiff_t>(query);
                        score += static_cast<double>(
                            call.bias.values[h * call.bias.distances +
                                             static_cast<std::size_t>(distance - call.bias.lowest)]);
                    }
                    const double power = std::exp(score);
                    total += power;
                    for (std::size_t d = 0; d < context.size(); ++d)
                        context[d] += power * static_cast<double>(call.values.row(b, j, kv)[d]);
                }
                if (call.sinks != nullptr && total > 0) total += std::exp(static_cast<double>(call.sinks[h]));
                for (const double value : context) output.push_back(total == 0 ? 0.0 : value / total);
            }
        }
    }
    return output;
}
