// Highway includes this file once for each kind of processor; `HWY_NAMESPACE` is another name each time.
#include "chapters/10_flash_attention/vectors.hpp"

#include <algorithm>
#include <limits>

#include "common/blas.hpp"

// The kinds that differ too little to be worth a program of their own.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chapters/10_flash_attention/vectors.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ch10::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vec = hn::Vec<Floats>;

// exp(x) = 2^n exp(r), with n = x / ln 2 rounded and r the rest, |r| <= ln 2 / 2. A polynomial gives exp(r);
// 2^n is written into the exponent's bits. The constants are those of Cephes' expf (Stephen Moshier).
HWY_INLINE Vec Exp(Vec x) {
    const Floats d;
    const hn::RebindToSigned<Floats> whole;
    const Vec lowest = hn::Set(d, -87.3f);
    const Vec n = hn::Round(hn::Mul(hn::Max(x, lowest), hn::Set(d, 1.44269504f)));
    // ln 2 in two parts, the first of which has few digits: n times it is exact.
    Vec r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
    r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);

    Vec p = hn::Set(d, 1.9875691500e-4f);
    for (const float c :
         {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
        p = hn::MulAdd(p, r, hn::Set(d, c));
    p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0f));

    const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(whole, n), hn::Set(whole, 127)));
    const Vec value = hn::Mul(p, hn::BitCast(d, exponent));
    return hn::IfThenElseZero(hn::Not(hn::Lt(x, lowest)), value);
}

// One number, for the end of a row: the same operations in the first place of a vector.
HWY_INLINE float ExpOfOne(float x) {
    const Floats d;
    return hn::GetLane(Exp(hn::Set(d, x)));
}

float Largest(const float* HWY_RESTRICT scores, std::size_t size) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    float largest = -std::numeric_limits<float>::infinity();
    std::size_t i = 0;
    if (size >= lanes) {
        Vec most = hn::LoadU(d, scores);
        for (i = lanes; i + lanes <= size; i += lanes) most = hn::Max(most, hn::LoadU(d, scores + i));
        largest = hn::GetLane(hn::MaxOfLanes(d, most));
    }
    for (; i < size; ++i) largest = scores[i] > largest ? scores[i] : largest;
    return largest;
}

float ExpAndSum(float* HWY_RESTRICT scores, std::size_t size, float max) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    Vec sums = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        const Vec e = Exp(hn::Sub(hn::LoadU(d, scores + i), hn::Set(d, max)));
        hn::StoreU(e, d, scores + i);
        sums = hn::Add(sums, e);
    }
    float sum = hn::GetLane(hn::SumOfLanes(d, sums));
    for (; i < size; ++i) {
        scores[i] = ExpOfOne(scores[i] - max);
        sum += scores[i];
    }
    return sum;
}

void MultiplyRow(float* HWY_RESTRICT row, std::size_t size, float factor) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes)
        hn::StoreU(hn::Mul(hn::LoadU(d, row + i), hn::Set(d, factor)), d, row + i);
    for (; i < size; ++i) row[i] *= factor;
}

void AddRow(float* HWY_RESTRICT row, const float* HWY_RESTRICT other, std::size_t size, float factor) {
    const Floats d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        const Vec sum = hn::MulAdd(hn::Set(d, factor), hn::LoadU(d, other + i), hn::LoadU(d, row + i));
        hn::StoreU(sum, d, row + i);
    }
    for (; i < size; ++i) row[i] += factor * other[i];
}

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

const char* Name() {
    return hwy::TargetName(HWY_TARGET);
}

}  // namespace ch10::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ch10 {
namespace {

HWY_EXPORT(Largest);
HWY_EXPORT(ExpAndSum);
HWY_EXPORT(MultiplyRow);
HWY_EXPORT(AddRow);
HWY_EXPORT(MultiplyKeys);
HWY_EXPORT(AddValues);
HWY_EXPORT(Name);

float largest(const float* scores, std::size_t size) {
    return HWY_DYNAMIC_DISPATCH(Largest)(scores, size);
}
float exp_and_sum(float* scores, std::size_t size, float max) {
    return HWY_DYNAMIC_DISPATCH(ExpAndSum)(scores, size, max);
}
void multiply_row(float* row, std::size_t size, float factor) {
    HWY_DYNAMIC_DISPATCH(MultiplyRow)(row, size, factor);
}
void add_row(float* row, const float* other, std::size_t size, float factor) {
    HWY_DYNAMIC_DISPATCH(AddRow)(row, other, size, factor);
}
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

const Methods blas_and_vectors{.multiply_keys = blas_and_library.multiply_keys,
                               .add_values = blas_and_library.add_values,
                               .keys_in_a_call = blas_and_library.keys_in_a_call,
                               .largest = largest,
                               .exp_and_sum = exp_and_sum,
                               .multiply_row = multiply_row,
                               .add_row = add_row};
const Methods only_vectors{.multiply_keys = multiply_keys,
                           .add_values = add_values,
                           .keys_in_a_call = keys_in_a_call,
                           .largest = largest,
                           .exp_and_sum = exp_and_sum,
                           .multiply_row = multiply_row,
                           .add_row = add_row};

void exp_in_vectors(std::span<float> x) {
    exp_and_sum(x.data(), x.size(), 0.0f);
}

std::string vector_instructions() {
    return HWY_DYNAMIC_DISPATCH(Name)();
}

}  // namespace ch10
#endif
