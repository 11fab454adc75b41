#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/09_every_model/mistakes.hpp"
#include "chapters/09_every_model/sinks.hpp"

using namespace exercise;

Tensor4 softmax_with_sinks(const Tensor4& masked, const Vector& sinks);

namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

// A plain softmax, whose rows of head h are multiplied by `factor(h)`.
template <class Factor>
Tensor4 scaled_softmax(const Tensor4& masked, Factor factor) {
    Tensor4 weights = ch3::masked_softmax(masked);
    for (std::size_t h = 0; h < masked.shape(1); ++h) xt::view(weights, xt::all(), h) *= factor(h);
    return weights;
}

// Each row divided by its sum.
Tensor4 renormalized(Tensor4 weights) {
    const Tensor3 sums = xt::sum(weights, {3});
    for (std::size_t s = 0; s < weights.shape(3); ++s) {
        xt::view(weights, xt::all(), xt::all(), xt::all(), s) /= sums;
    }
    return weights;
}

// The exponentials without subtracting anything.
Tensor4 without_subtraction(const Tensor4& masked, const Vector& sinks) {
    Tensor4 weights = xt::exp(masked);
    Tensor3 sums = xt::sum(weights, {3});
    for (std::size_t h = 0; h < sinks.size(); ++h) xt::view(sums, xt::all(), h) += std::exp(sinks(h));
    for (std::size_t s = 0; s < weights.shape(3); ++s) {
        xt::view(weights, xt::all(), xt::all(), xt::all(), s) /= sums;
    }
    return weights;
}

// The largest score of the keys is subtracted from them, but not from the sink.
Tensor4 sink_not_shifted(const Tensor4& masked, const Vector& sinks) {
    Tensor4 shifted = masked;
    const Tensor3 largest = xt::amax(masked, {3});
    for (std::size_t s = 0; s < masked.shape(3); ++s) {
        xt::view(shifted, xt::all(), xt::all(), xt::all(), s) -= largest;
    }
    return ch9::softmax_with_sinks(shifted, sinks);
}

void check_weights(const Tensor4& masked, const Vector& sinks) {
    given("masked", masked);
    given("sinks", sinks);
    const Vector first = xt::ones_like(sinks) * sinks(0), zeros = xt::zeros_like(sinks);
    const Mistakes table = ch9::mistakes();
    check_tensor("weights", answer([&] { return softmax_with_sinks(masked, sinks); }),
                 ch9::softmax_with_sinks(masked, sinks), {"B", "H", "T", "S"},
                 {{"sinks-missing", "the sinks take no part in the softmax, so each row sums to 1",
                   "begin the sum with the sink's exponential", [&] { return ch3::masked_softmax(masked); }},
                  cause_of(table, "sinks-after-softmax",
                           [&] {
                               return scaled_softmax(
                                   masked, [&](std::size_t h) { return 1.0f / (1.0f + std::exp(sinks(h))); });
                           }),
                  cause_of(table, "sinks-zero", [&] { return ch9::softmax_with_sinks(masked, zeros); }),
                  {"sink-of-head-0", "all heads use the sink of head 0", "sinks(h)",
                   [&] { return ch9::softmax_with_sinks(masked, first); }},
                  {"sink-not-exponential", "the sink itself is added to the sum", "std::exp of the sink",
                   [&] {
                       // A sum of sink + sum over keys, with exponentials of the shifted scores.
                       Tensor4 weights = xt::zeros_like(masked);
                       for (std::size_t b = 0; b < masked.shape(0); ++b) {
                           for (std::size_t h = 0; h < masked.shape(1); ++h) {
                               for (std::size_t t = 0; t < masked.shape(2); ++t) {
                                   const Vector row = xt::view(masked, b, h, t);
                                   const float largest = std::max(xt::amax(row)(), sinks(h));
                                   const Vector powers = xt::exp(row - largest);
                                   const float sum = xt::sum(powers)() + sinks(h);
                                   xt::view(weights, b, h, t) = powers / sum;
                               }
                           }
                       }
                       return weights;
                   }},
                  {"sink-not-shifted", "the largest score is subtracted from the keys, but not from the sink",
                   "std::exp(sinks(h) - largest)", [&] { return sink_not_shifted(masked, sinks); }},
                  {"overflow", "the exponential of a large score is infinite",
                   "subtract the largest score from all scores and from the sink",
                   [&] { return without_subtraction(masked, sinks); }},
                  {"renormalized", "the rows are divided by their sum again, so each sums to 1",
                   "leave the rows as they are: a row sums to less than 1",
                   [&] { return renormalized(ch9::softmax_with_sinks(masked, sinks)); }}});
}

// Scores with some masked keys: those after the query's own.
Tensor4 causal_scores(std::uint64_t seed) {
    return ch3::masked_fill(random_tensor<4>(seed, {2, 3, 4, 4}), ch3::future_mask(4), ch3::True::hides);
}

}  // namespace

TEST("two sequences, three heads, four tokens") {
    check_weights(causal_scores(921), random_tensor<1>(922, {3}));
}

TEST("two new queries and five keys") {
    check_weights(random_tensor<4>(923, {2, 3, 2, 5}), Vector{-1.5f, 0.5f, 4.0f});
}

TEST("scores and a sink that are large") {
    Tensor4 scores = random_tensor<4>(924, {1, 2, 3, 4});
    xt::view(scores, 0, 0) += 200.0f;
    check_weights(scores, Vector{199.0f, 120.0f});
}

TEST("a query whose keys are all masked") {
    Tensor4 scores = random_tensor<4>(925, {2, 2, 2, 3});
    xt::view(scores, 1, xt::all(), 0) = hidden;
    check_weights(scores, Vector{0.25f, -2.0f});
}
