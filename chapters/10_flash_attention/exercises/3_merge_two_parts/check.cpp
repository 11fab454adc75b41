#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "chapters/10_flash_attention/exercises/3_merge_two_parts/state.hpp"

using namespace exercise;

State merge(const State& a, const State& b);

namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

// Some keys of one query: scores (S), values (S, d).
struct Keys {
    Vector scores;
    Matrix values;
};

// The state of the keys from `first` to `stop`, without `stop`, in plain loops.
State state_of(const Keys& keys, std::size_t first, std::size_t stop) {
    const std::size_t width = keys.values.shape(1);
    State state{hidden, 0.0f, xt::zeros<float>({width})};
    for (std::size_t s = first; s < stop; ++s) state.m = std::max(state.m, keys.scores(s));
    for (std::size_t s = first; s < stop; ++s) {
        if (keys.scores(s) == hidden) continue;
        const float p = std::exp(keys.scores(s) - state.m);
        state.l += p;
        for (std::size_t d = 0; d < width; ++d) state.acc(d) += p * keys.values(s, d);
    }
    return state;
}

using Merge = State (*)(const State& a, const State& b);

float alpha(float old, float m) {
    return m == hidden ? 0.0f : std::exp(old - m);
}

// Both sums of both parts, each multiplied by a factor.
State sums(float m, const State& a, float of_a, const State& b, float of_b) {
    return {m, a.l * of_a + b.l * of_b, a.acc * of_a + b.acc * of_b};
}

State added(const State& a, const State& b) {
    return sums(std::max(a.m, b.m), a, 1.0f, b, 1.0f);
}

State with_m_of_a(const State& a, const State& b) {
    return sums(a.m, a, 1.0f, b, std::exp(b.m - a.m));
}

State corrected(const State& a, const State& b) {
    const float m = std::max(a.m, b.m);
    return sums(m, a, alpha(a.m, m), b, alpha(b.m, m));
}

State only_l_corrected(const State& a, const State& b) {
    State state = corrected(a, b);
    state.acc = a.acc + b.acc;
    return state;
}

State only_acc_corrected(const State& a, const State& b) {
    State state = corrected(a, b);
    state.l = a.l + b.l;
    return state;
}

State swapped(const State& a, const State& b) {
    const float m = std::max(a.m, b.m);
    return sums(m, a, alpha(b.m, m), b, alpha(a.m, m));
}

State inverted(const State& a, const State& b) {
    const float m = std::max(a.m, b.m);
    return sums(m, a, std::exp(m - a.m), b, std::exp(m - b.m));
}

State only_b_corrected(const State& a, const State& b) {
    const float m = std::max(a.m, b.m);
    return sums(m, a, 1.0f, b, alpha(b.m, m));
}

// acc divided by l in each part, as if it were the result.
State divided(const State& a, const State& b) {
    State state = corrected(a, b);
    state.acc /= state.l;
    return state;
}

State not_finite(const State& a, const State& b) {
    const float m = std::max(a.m, b.m);
    return sums(m, a, std::exp(a.m - m), b, std::exp(b.m - m));
}

// m, l, and the numbers of acc.
Vector numbers(const State& state) {
    Vector all = Vector::from_shape({2 + state.acc.size()});
    all(0) = state.m;
    all(1) = state.l;
    std::copy(state.acc.begin(), state.acc.end(), all.begin() + 2);
    return all;
}

Causes causes_of(const State& a, const State& b) {
    const auto with = [=](Merge wrong) { return [=] { return numbers(wrong(a, b)); }; };
    return {{"infinity-minus-infinity", "-inf - (-inf) is NaN where no part has a visible key",
             "return one of the two states where the larger m is -inf", with(not_finite)},
            {"m-of-the-first-part", "m and the sums are those of the first part's maximum",
             "std::max(a.m, b.m), and a factor for each part", with(with_m_of_a)},
            {"merged-without-correction", "the sums are added as they are, but each has another maximum",
             "std::exp(a.m - merged.m) and std::exp(b.m - merged.m)", with(added)},
            {"merged-acc-not-corrected", "l is corrected, and acc is not", "the same factors for both",
             with(only_l_corrected)},
            {"merged-l-not-corrected", "acc is corrected, and l is not", "the same factors for both",
             with(only_acc_corrected)},
            {"first-part-not-corrected", "the factor of the first part is missing",
             "std::exp(a.m - merged.m)", with(only_b_corrected)},
            {"alphas-swapped", "each part has the factor of the other one",
             "std::exp(a.m - merged.m) times a.l", with(swapped)},
            {"alpha-inverted", "the factors are exp(merged.m - m of the part), so sums grow",
             "std::exp(a.m - merged.m)", with(inverted)},
            {"divided", "acc is divided by l", "acc stays a sum; whoever reads it divides at the end",
             with(divided)}};
}

// The first part has the keys up to `middle`.
void check_merge(const Keys& keys, std::size_t middle) {
    const State a = state_of(keys, 0, middle), b = state_of(keys, middle, keys.scores.size());
    for (const auto& [name, state] : {std::pair("a", a), std::pair("b", b)}) {
        given(std::string(name) + ".m", static_cast<double>(state.m));
        given(std::string(name) + ".l", static_cast<double>(state.l));
        given(std::string(name) + ".acc", state.acc);
    }
    const Vector merged = answer([&] { return numbers(merge(a, b)); });
    check_tensor("merged (m, l, then acc)", merged, numbers(state_of(keys, 0, keys.scores.size())), {},
                 causes_of(a, b));
}

Keys keys_with(std::uint64_t seed, const Vector& scores) {
    return {scores, random_tensor<2>(seed, {scores.size(), 3})};
}

}  // namespace

TEST("three keys and four keys; the second part has the larger score") {
    check_merge(keys_with(1031, {0.5f, -1.25f, 0.25f, -0.5f, 2.0f, 1.0f, -2.0f}), 3);
}

TEST("two keys and five keys; the first part has the larger score") {
    check_merge(keys_with(1032, {1.75f, 3.0f, -0.5f, 1.0f, 0.75f, -1.5f, 2.5f}), 2);
}

TEST("both parts have the same largest score") {
    check_merge(keys_with(1033, {1.5f, -1.0f, 0.25f, 1.5f}), 2);
}

TEST("scores near -150, then near 150") {
    check_merge(keys_with(1034, {-150.0f, -149.0f, 150.0f, 151.0f, 148.0f}), 2);
}

TEST("scores near 150, then near -150") {
    check_merge(keys_with(1035, {152.0f, 149.0f, -150.0f}), 2);
}

TEST("scores near -150 and near -151") {
    check_merge(keys_with(1036, {-151.5f, -152.0f, -150.0f, -149.5f, -153.0f}), 3);
}

TEST("the first part has no visible key") {
    check_merge(keys_with(1037, {hidden, hidden, -0.75f, 1.25f, 0.5f}), 2);
}

TEST("the second part has no visible key") {
    check_merge(keys_with(1038, {-0.75f, 1.25f, hidden}), 2);
}

TEST("no part has a visible key") {
    check_merge(keys_with(1039, {hidden, hidden, hidden}), 1);
}
