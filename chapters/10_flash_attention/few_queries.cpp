// Highway includes this file once for each kind of processor; `HWY_NAMESPACE` is another name each time.
#include "chapters/10_flash_attention/few_queries.hpp"

#include "chapters/10_flash_attention/vector_targets.hpp"
#include "chapters/10_flash_attention/vectors.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chapters/10_flash_attention/few_queries.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ch10::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vec = hn::Vec<Floats>;

// The next rows are far away in memory, beyond what a processor fetches by itself: this asks for one of them.
constexpr std::size_t rows_ahead = 4;
HWY_INLINE void PrefetchRow(const float* row, std::size_t width) {
    constexpr std::size_t floats_of_a_cache_line = 16;
    for (std::size_t i = 0; i < width; i += floats_of_a_cache_line) hwy::Prefetch(row + i);
}

// The scores of kRows queries with kKeys keys. Each vector of a query or a key is read once for all pairs,
// and the sums of the pairs stay in registers.
template <std::size_t kRows, std::size_t kKeys>
HWY_INLINE void ScoresOfPairs(const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys,
                              std::size_t key_stride, std::size_t width, float scale, bool add,
                              float* HWY_RESTRICT scores, std::size_t score_stride) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    Vec sums[kRows][kKeys];
    for (std::size_t r = 0; r < kRows; ++r)
        for (std::size_t j = 0; j < kKeys; ++j) sums[r][j] = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= width; i += lanes) {
        Vec key[kKeys];
        for (std::size_t j = 0; j < kKeys; ++j) key[j] = hn::LoadU(d, keys + j * key_stride + i);
        for (std::size_t r = 0; r < kRows; ++r) {
            const Vec query = hn::LoadU(d, queries + r * width + i);
            for (std::size_t j = 0; j < kKeys; ++j) sums[r][j] = hn::MulAdd(query, key[j], sums[r][j]);
        }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
        for (std::size_t j = 0; j < kKeys; ++j) {
            float sum = hn::GetLane(hn::SumOfLanes(d, sums[r][j]));
            for (std::size_t k = i; k < width; ++k) sum += queries[r * width + k] * keys[j * key_stride + k];
            float* HWY_RESTRICT score = scores + r * score_stride + j;
            *score = add ? *score + scale * sum : scale * sum;
        }
    }
}

template <std::size_t kRows>
HWY_INLINE void ScoresOfRows(const float* HWY_RESTRICT queries, const float* HWY_RESTRICT keys,
                             std::size_t key_stride, std::size_t n_keys, std::size_t width, float scale,
                             bool add, float* HWY_RESTRICT scores, std::size_t score_stride) {
    constexpr std::size_t pairs = HWY_TARGET <= HWY_AVX3 ? 16 : 8, at_once = pairs / kRows;
    std::size_t j = 0;
    for (; j + at_once <= n_keys; j += at_once) {
        for (std::size_t k = 0; k < at_once; ++k)
            PrefetchRow(keys + (j + k + rows_ahead) * key_stride, width);
        ScoresOfPairs<kRows, at_once>(queries, keys + j * key_stride, key_stride, width, scale, add,
                                      scores + j, score_stride);
    }
    for (; j < n_keys; ++j)
        ScoresOfPairs<kRows, 1>(queries, keys + j * key_stride, key_stride, width, scale, add, scores + j,
                                score_stride);
}

void MultiplyKeys(const float* queries, std::size_t rows, const float* keys, std::size_t key_stride,
                  std::size_t n_keys, std::size_t width, float scale, bool add, float* scores,
                  std::size_t score_stride) {
    std::size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        ScoresOfRows<4>(queries + r * width, keys, key_stride, n_keys, width, scale, add,
                        scores + r * score_stride, score_stride);
    }
    for (; r < rows; ++r) {
        ScoresOfRows<1>(queries + r * width, keys, key_stride, n_keys, width, scale, add,
                        scores + r * score_stride, score_stride);
    }
}

// The weighted sums of kRows rows: kVectors vectors of each stay in registers while the keys pass by.
template <std::size_t kRows, std::size_t kVectors>
HWY_INLINE void SumsOfRows(const float* HWY_RESTRICT weights, std::size_t weight_stride,
                           const float* HWY_RESTRICT values, std::size_t value_stride, std::size_t n_keys,
                           std::size_t width, float* HWY_RESTRICT context) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    Vec sums[kRows][kVectors];
    for (std::size_t r = 0; r < kRows; ++r)
        for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(d, context + r * width + v * lanes);
    for (std::size_t j = 0; j < n_keys; ++j) {
        const float* HWY_RESTRICT value = values + j * value_stride;
        PrefetchRow(value + rows_ahead * value_stride, kVectors * lanes);
        for (std::size_t r = 0; r < kRows; ++r) {
            const Vec weight = hn::Set(d, weights[r * weight_stride + j]);
            for (std::size_t v = 0; v < kVectors; ++v)
                sums[r][v] = hn::MulAdd(weight, hn::LoadU(d, value + v * lanes), sums[r][v]);
        }
    }
    for (std::size_t r = 0; r < kRows; ++r)
        for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, context + r * width + v * lanes);
}

template <std::size_t kRows>
HWY_INLINE void AddValuesOfRows(const float* HWY_RESTRICT weights, std::size_t weight_stride,
                                const float* HWY_RESTRICT values, std::size_t value_stride,
                                std::size_t n_keys, std::size_t width, float* HWY_RESTRICT context) {
    // AVX-512 has 32 registers for vectors, AVX2 and SSE 16.
    constexpr std::size_t vectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
    const std::size_t lanes = hn::Lanes(Floats());
    std::size_t i = 0;
    for (; i + vectors * lanes <= width; i += vectors * lanes)
        SumsOfRows<kRows, vectors>(weights, weight_stride, values + i, value_stride, n_keys, width,
                                   context + i);
    for (; i + lanes <= width; i += lanes)
        SumsOfRows<kRows, 1>(weights, weight_stride, values + i, value_stride, n_keys, width, context + i);
    for (; i < width; ++i) {
        for (std::size_t r = 0; r < kRows; ++r) {
            for (std::size_t j = 0; j < n_keys; ++j)
                context[r * width + i] += weights[r * weight_stride + j] * values[j * value_stride + i];
        }
    }
}

void AddValues(const float* weights, std::size_t weight_stride, std::size_t rows, const float* values,
               std::size_t value_stride, std::size_t n_keys, std::size_t width, float* context) {
    std::size_t r = 0;
    for (; r + 4 <= rows; r += 4)
        AddValuesOfRows<4>(weights + r * weight_stride, weight_stride, values, value_stride, n_keys, width,
                           context + r * width);
    for (; r < rows; ++r)
        AddValuesOfRows<1>(weights + r * weight_stride, weight_stride, values, value_stride, n_keys, width,
                           context + r * width);
}

}  // namespace ch10::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ch10 {
namespace {

HWY_EXPORT(MultiplyKeys);
HWY_EXPORT(AddValues);

void multiply_keys(const float* queries, std::size_t rows, const float* keys, std::size_t key_stride,
                   std::size_t n_keys, std::size_t width, float scale, bool add, float* scores,
                   std::size_t score_stride) {
    HWY_DYNAMIC_DISPATCH(MultiplyKeys)
    (queries, rows, keys, key_stride, n_keys, width, scale, add, scores, score_stride);
}
void add_values(const float* weights, std::size_t weight_stride, std::size_t rows, const float* values,
                std::size_t value_stride, std::size_t n_keys, std::size_t width, float* context) {
    HWY_DYNAMIC_DISPATCH(AddValues)
    (weights, weight_stride, rows, values, value_stride, n_keys, width, context);
}

// Keys are read once from memory, and a row of the cache has the keys of all heads.
constexpr std::size_t keys_in_a_call = 4;

}  // namespace

const Methods only_vectors{.multiply_keys = multiply_keys,
                           .add_values = add_values,
                           .keys_in_a_call = keys_in_a_call,
                           .largest = vectors::largest,
                           .exp_and_sum = vectors::exp_and_sum,
                           .multiply_row = vectors::multiply_row,
                           .add_row = vectors::add_row};

}  // namespace ch10
#endif
