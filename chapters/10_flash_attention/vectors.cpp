// Highway includes this file once for each kind of processor; `HWY_NAMESPACE` is another name each time.
#include "chapters/10_flash_attention/vectors.hpp"

#include <limits>

#include "chapters/10_flash_attention/vector_targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "chapters/10_flash_attention/vectors.cpp"
#include <hwy/foreach_target.h>
//
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
HWY_EXPORT(Name);

}  // namespace

namespace vectors {

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

}  // namespace vectors

const Methods blas_and_vectors{.multiply_keys = blas_and_library.multiply_keys,
                               .add_values = blas_and_library.add_values,
                               .keys_in_a_call = blas_and_library.keys_in_a_call,
                               .largest = vectors::largest,
                               .exp_and_sum = vectors::exp_and_sum,
                               .multiply_row = vectors::multiply_row,
                               .add_row = vectors::add_row};

void exp_in_vectors(std::span<float> x) {
    vectors::exp_and_sum(x.data(), x.size(), 0.0f);
}

std::string vector_instructions() {
    return HWY_DYNAMIC_DISPATCH(Name)();
}

}  // namespace ch10
#endif
