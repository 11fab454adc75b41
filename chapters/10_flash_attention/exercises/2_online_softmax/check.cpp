#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/exercises/2_online_softmax/state.hpp"

using namespace exercise;

State see_block(const State& before, const Vector& scores);

namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

// m and l after each block.
struct States {
    Vector m, l;
};

// Calls see(state, block) for each block; the last block may be shorter.
template <class See>
States after_blocks(const Vector& scores, std::size_t block, const See& see) {
    const std::size_t n_blocks = (scores.size() + block - 1) / block;
    States all{Vector::from_shape({n_blocks}), Vector::from_shape({n_blocks})};
    State state;
    for (std::size_t i = 0; i < n_blocks; ++i) {
        const std::size_t first = i * block, n = std::min(block, scores.size() - first);
        const Vector part = xt::view(scores, xt::range(first, first + n));
        state = see(state, part);
        all.m(i) = state.m;
        all.l(i) = state.l;
    }
    return all;
}

// What must be known after each block: the maximum and the sum over all scores so far, from the start.
States expected(const Vector& scores, std::size_t block) {
    std::size_t seen = 0;
    return after_blocks(scores, block, [&](const State&, const Vector& part) {
        seen += part.size();
        State state;
        for (std::size_t s = 0; s < seen; ++s) state.m = std::max(state.m, scores(s));
        double sum = 0;
        for (std::size_t s = 0; s < seen; ++s) {
            if (scores(s) != hidden) sum += std::exp(static_cast<double>(scores(s) - state.m));
        }
        state.l = static_cast<float>(sum);
        return state;
    });
}

// A wrong see_block: `new_m` gives the new maximum, `alpha` the factor of the old sum, `shift` what is
// subtracted from the block's scores. They get the old maximum and the block's, and the last two the new one.
struct Wrong {
    float (*new_m)(float old, float of_block) = [](float old, float of_block) {
        return std::max(old, of_block);
    };
    float (*alpha)(float old, float m) = [](float old, float m) {
        return m == hidden ? 0 : std::exp(old - m);
    };
    float (*shift)(float m, float of_block) = [](float m, float) { return m == hidden ? 0 : m; };

    State operator()(const State& before, const Vector& scores) const {
        const float of_block = *std::max_element(scores.begin(), scores.end());
        State after;
        after.m = new_m(before.m, of_block);
        after.l = before.l * alpha(before.m, after.m);
        for (const float score : scores) after.l += std::exp(score - shift(after.m, of_block));
        return after;
    }
};

// What the wrong versions give for m or for l.
Causes causes_of(const Vector& scores, std::size_t block, Vector States::*number) {
    const auto with = [=](const Wrong& wrong) {
        return [=]() -> AnyTensor { return after_blocks(scores, block, wrong).*number; };
    };
    Wrong not_corrected, inverted, block_shift, no_shift, of_block, from_zero, lost, not_finite;
    not_corrected.alpha = [](float, float) { return 1.0f; };
    inverted.alpha = [](float old, float m) { return std::exp(m - old); };
    block_shift.shift = [](float, float own) { return own == hidden ? 0 : own; };
    no_shift.shift = [](float, float) { return 0.0f; };
    of_block.new_m = [](float, float own) { return own; };
    from_zero.new_m = [](float old, float own) { return std::max({old, own, 0.0f}); };
    lost.alpha = [](float, float) { return 0.0f; };
    not_finite.alpha = [](float old, float m) { return std::exp(old - m); };
    not_finite.shift = [](float m, float) { return m; };
    return {{"infinity-minus-infinity", "-inf - (-inf) is NaN while all scores are masked",
             "return the old state where after.m is still -inf", with(not_finite)},
            {"l-not-corrected", "l is not multiplied by exp(old m - new m) when the maximum grows",
             "before.l * std::exp(before.m - after.m)", with(not_corrected)},
            {"alpha-inverted", "the factor is exp(new m - old m), so an old sum grows instead of shrinking",
             "std::exp(before.m - after.m)", with(inverted)},
            {"p-from-the-block-maximum", "the block's largest score is subtracted, not the largest so far",
             "std::exp(scores(j) - after.m)", with(block_shift)},
            {"maximum-not-subtracted", "nothing is subtracted from the block's scores",
             "std::exp(scores(j) - after.m)", with(no_shift)},
            {"maximum-of-the-block", "m is the largest score of the last block", "start with before.m",
             with(of_block)},
            {"m-starts-at-0", "m is never below 0", "start with before.m, which is -inf at first",
             with(from_zero)},
            {"earlier-sum-lost", "l is the sum of the last block alone",
             "begin with before.l * std::exp(before.m - after.m)", with(lost)}};
}

void check_blocks(const Vector& scores, std::size_t block) {
    given("scores", scores);
    given("scores of a block", static_cast<double>(block));
    const auto [m, l] = answer([&] {
        const States states = after_blocks(scores, block, see_block);
        return std::tuple(states.m, states.l);
    });
    const States right = expected(scores, block);
    check_tensor("m after each block", m, right.m, {}, causes_of(scores, block, &States::m));
    check_tensor("l after each block", l, right.l, {}, causes_of(scores, block, &States::l));

    const Vector weights = xt::exp(scores - m(m.size() - 1)) / l(l.size() - 1);
    if (right.l(right.l.size() - 1) > 0) {
        check_tensor("the softmax, exp(score - m) / l", weights, ch1::softmax(scores));
    }
}

}  // namespace

TEST("seven scores in blocks of three") {
    check_blocks(random_tensor<1>(1021, {7}) * 2.0f, 3);
}

TEST("eleven scores one by one") {
    check_blocks(random_tensor<1>(1022, {11}), 1);
}

TEST("large scores of both signs") {
    check_blocks(Vector{-180, -176, -190, 170, 173, -160, 168, 174}, 3);
}

TEST("negative scores only") {
    check_blocks(Vector{-130, -131, -128, -140, -127}, 2);
}

TEST("two masked blocks, then one that is masked in part") {
    check_blocks(Vector{hidden, hidden, hidden, hidden, -1.5f, hidden, 0.5f}, 2);
}

TEST("a masked block after others") {
    check_blocks(Vector{0.5f, -2.0f, hidden, hidden, 1.25f}, 2);
}

TEST("all scores are masked") {
    check_blocks(Vector{hidden, hidden, hidden}, 2);
}
