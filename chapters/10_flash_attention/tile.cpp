#include "chapters/10_flash_attention/tile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "common/blas.hpp"

namespace ch10 {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();
constexpr std::size_t every_key = std::numeric_limits<std::size_t>::max();

// (R, width): the rows of these queries, one after the other.
void pack(const View4& from, const TileQueries& queries, std::vector<float>& packed) {
    packed.resize(queries.n_heads * queries.n_queries * from.shape(3));
    if (packed.empty()) return;
    float* to = packed.data();
    for (std::size_t h = 0; h < queries.n_heads; ++h) {
        for (std::size_t i = 0; i < queries.n_queries; ++i, to += from.shape(3)) {
            const float* row = from.row(queries.batch, queries.first_query + i, queries.first_head + h);
            std::copy_n(row, from.shape(3), to);
        }
    }
}

void multiply_keys(const float* queries, std::size_t rows, const float* keys, std::size_t key_stride,
                   std::size_t n_keys, std::size_t width, float scale, bool add, float* scores,
                   std::size_t score_stride) {
    blas::multiply_transposed(rows, n_keys, width, scale, {queries, width}, {keys, key_stride},
                              add ? 1.0f : 0.0f, {scores, score_stride});
}

void add_values(const float* weights, std::size_t weight_stride, std::size_t rows, const float* values,
                std::size_t value_stride, std::size_t n_keys, std::size_t width, float* context) {
    blas::multiply(rows, width, n_keys, {weights, weight_stride}, {values, value_stride}, 1.0f,
                   {context, width});
}

float largest(const float* scores, std::size_t size) {
    return size == 0 ? minus_infinity : *std::max_element(scores, scores + size);
}

float exp_and_sum(float* scores, std::size_t size, float max) {
    float sum = 0.0f;
    for (std::size_t j = 0; j < size; ++j) {
        scores[j] = std::exp(scores[j] - max);
        sum += scores[j];
    }
    return sum;
}

void multiply_row(float* row, std::size_t size, float factor) {
    for (std::size_t i = 0; i < size; ++i) row[i] *= factor;
}

void add_row(float* row, const float* other, std::size_t size, float factor) {
    for (std::size_t i = 0; i < size; ++i) row[i] += factor * other[i];
}

}  // namespace

const Methods blas_and_library{.multiply_keys = multiply_keys,
                               .add_values = add_values,
                               .keys_in_a_call = every_key,
                               .largest = largest,
                               .exp_and_sum = exp_and_sum,
                               .multiply_row = multiply_row,
                               .add_row = add_row};

void Tile::begin(const AttentionCall& call, const TileQueries& queries) {
    call_ = &call;
    queries_ = queries;
    pack(call.queries, queries, packed_);
    pack(call.queries_pe, queries, packed_pe_);
    seen_.max.assign(rows(), minus_infinity);
    seen_.sum.assign(rows(), 0.0f);
    seen_.context.assign(rows() * call.value_dim(), 0.0f);
}

void Tile::attend(std::size_t first_key, std::size_t stop) {
    const std::size_t n_keys = stop - first_key;
    scores_.resize(std::max(scores_.size(), rows() * n_keys));
    multiply_keys(first_key, stop);
    for (std::size_t row = 0; row < rows(); ++row) {
        apply_rules(row, first_key, n_keys);
        update(row, first_key, n_keys);
    }
    add_values(first_key, stop);
}

// Calls visit(kv_head, first_row, n_rows, key, n): the rows of each key head meet n keys, from `key` on. All
// heads meet these keys before any head meets the next, so that memory is read from front to back.
template <class Visit>
void Tile::for_each_call(std::size_t n_keys, const Visit& visit) const {
    const std::size_t heads = std::min(queries_.n_heads, call_->n_rep()), n_rows = heads * queries_.n_queries;
    const std::size_t at_once =
        heads == queries_.n_heads ? n_keys : std::min(methods_->keys_in_a_call, n_keys);
    for (std::size_t key = 0; key < n_keys; key += at_once) {
        const std::size_t n = std::min(at_once, n_keys - key);
        for (std::size_t head = 0; head < queries_.n_heads; head += heads) {
            visit((queries_.first_head + head) / call_->n_rep(), head * queries_.n_queries, n_rows, key, n);
        }
    }
}

void Tile::multiply_keys(std::size_t first_key, std::size_t stop) {
    const std::size_t n_keys = stop - first_key;
    const auto multiply = [&](const std::vector<float>& queries, const View4& keys, bool add) {
        for_each_call(n_keys, [&](std::size_t kv_head, std::size_t row, std::size_t n_rows, std::size_t key,
                                  std::size_t n) {
            methods_->multiply_keys(&queries[row * keys.shape(3)], n_rows,
                                    keys.row(queries_.batch, first_key + key, kv_head), keys.stride(1), n,
                                    keys.shape(3), call_->scale, add, &scores_[row * n_keys + key], n_keys);
        });
    };
    multiply(packed_, call_->keys, false);
    if (call_->keys_pe.shape(3) > 0) multiply(packed_pe_, call_->keys_pe, true);
}

void Tile::add_values(std::size_t first_key, std::size_t stop) {
    const std::size_t n_keys = stop - first_key, width = call_->value_dim();
    const View4& values = call_->values;
    for_each_call(n_keys, [&](std::size_t kv_head, std::size_t row, std::size_t n_rows, std::size_t key,
                              std::size_t n) {
        methods_->add_values(&scores_[row * n_keys + key], n_keys, n_rows,
                             values.row(queries_.batch, first_key + key, kv_head), values.stride(1), n, width,
                             &seen_.context[row * width]);
    });
}

// The soft cap, the bias and the padding of one row of scores.
void Tile::apply_rules(std::size_t row, std::size_t first_key, std::size_t n_keys) {
    const AttentionCall& call = *call_;
    float* scores = scores_.data() + row * n_keys;
    if (call.soft_cap > 0) {
        for (std::size_t j = 0; j < n_keys; ++j)
            scores[j] = call.soft_cap * std::tanh(scores[j] / call.soft_cap);
    }
    if (!call.bias.values.empty()) {
        const std::size_t query = call.start_pos + query_of(row);
        const auto distance = static_cast<std::ptrdiff_t>(call.first_key + first_key) -
                              static_cast<std::ptrdiff_t>(query) - call.bias.lowest;
        const float* bias = call.bias.values.data() + head_of(row) * call.bias.distances + distance;
        for (std::size_t j = 0; j < n_keys; ++j) scores[j] += bias[j];
    }
    if (call.is_text != nullptr) {
        const bool* is_text = call.is_text + queries_.batch * call.n_keys + first_key;
        for (std::size_t j = 0; j < n_keys; ++j)
            if (!is_text[j]) scores[j] = minus_infinity;
    }
}

// Online softmax: the scores of one row become weights exp(score - max), 0 for keys that it does not see.
void Tile::update(std::size_t row, std::size_t first_key, std::size_t n_keys) {
    const AttentionCall::Range visible = call_->visible(query_of(row));
    const std::size_t first = std::clamp(visible.first, first_key, first_key + n_keys) - first_key,
                      stop = std::clamp(visible.stop, first_key, first_key + n_keys) - first_key;
    float* scores = scores_.data() + row * n_keys;
    std::fill(scores, scores + first, 0.0f);
    std::fill(scores + std::max(first, stop), scores + n_keys, 0.0f);
    if (first >= stop) return;

    const float max = std::max(seen_.max[row], methods_->largest(scores + first, stop - first));
    if (max == minus_infinity) {  // every score is -inf, or NaN, which stays NaN
        seen_.sum[row] += std::accumulate(scores + first, scores + stop, 0.0f, [](float sum, float score) {
            return std::isnan(score) ? score : sum;
        });
        return std::fill(scores + first, scores + stop, 0.0f);
    }
    raise_max(row, max);
    seen_.sum[row] += methods_->exp_and_sum(scores + first, stop - first, max);
}

// If the maximum of a row grows, what it has summed so far becomes smaller: exp(s - max) for the new maximum.
void Tile::raise_max(std::size_t row, float max) {
    if (!(max > seen_.max[row])) return;
    const float factor = std::exp(seen_.max[row] - max);
    seen_.sum[row] *= factor;
    methods_->multiply_row(seen_.context.data() + row * call_->value_dim(), call_->value_dim(), factor);
    seen_.max[row] = max;
}

void Tile::merge(const Seen& other) {
    const std::size_t width = call_->value_dim();
    for (std::size_t row = 0; row < rows(); ++row) {
        raise_max(row, other.max[row]);
        // A part without a visible key adds nothing, or NaN.
        const float factor =
            other.max[row] == minus_infinity ? 1.0f : std::exp(other.max[row] - seen_.max[row]);
        seen_.sum[row] += factor * other.sum[row];
        methods_->add_row(&seen_.context[row * width], &other.context[row * width], width, factor);
    }
}

void Tile::write(float* output) {
    const std::size_t width = call_->value_dim();
    for (std::size_t row = 0; row < rows(); ++row) {
        const std::size_t head = head_of(row), query = query_of(row);
        // A sink is a score without a value: it makes the sum larger. A row without a key has the sum 0.
        float sum = seen_.sum[row];
        if (call_->sinks != nullptr && sum > 0) sum += std::exp(call_->sinks[head] - seen_.max[row]);
        const float factor = sum == 0 ? 0.0f : 1.0f / sum;
        float* to = output + ((queries_.batch * call_->n_queries + query) * call_->n_heads + head) * width;
        std::transform(&seen_.context[row * width], &seen_.context[row * width] + width, to,
                       [factor](float value) { return value * factor; });
    }
}

std::size_t Tile::bytes() const {
    std::size_t floats = 0;
    for (const auto* buffer : {&packed_, &packed_pe_, &scores_, &seen_.max, &seen_.sum, &seen_.context})
        floats += buffer->capacity();
    return floats * sizeof(float);
}

}  // namespace ch10
