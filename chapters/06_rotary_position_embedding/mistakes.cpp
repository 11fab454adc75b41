#include "chapters/06_rotary_position_embedding/mistakes.hpp"

#include <fmt/format.h>

#include <complex>
#include <functional>

#include "chapters/05_grouped_query_attention/mistakes.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/06_rotary_position_embedding/layouts.hpp"
#include "common/torch/random.hpp"

namespace ch6 {
namespace {

// The chapter's small layer and its four tokens.
constexpr ch5::Config walked_config{
    .dim = 6, .n_heads = 2, .n_kv_heads = 1, .head_dim = 4, .max_batch_size = 1, .max_seq_len = 5};
constexpr float walked_theta = 10000.0f;
constexpr std::size_t enough_positions = 8;

struct Drawn {
    Tensor3 x, x_next;
    ch5::Weights weights;
};

Drawn draw_rightly() {
    torch::Generator generator(123);
    Drawn drawn;
    drawn.x = torch::view<3>(torch::randn(generator, 3, walked_config.dim), {1, 3, walked_config.dim});
    drawn.weights = ch5::random_weights(generator, walked_config);
    drawn.x_next = torch::view<3>(torch::randn(generator, 1, walked_config.dim), {1, 1, walked_config.dim});
    return drawn;
}

// --- the rotation with a mistake

using Rotation = std::function<Tensor4(const Tensor4&, const ComplexMatrix&, std::size_t start_pos)>;

Tensor4 not_at_all(const Tensor4& x, const ComplexMatrix&, std::size_t) {
    return x;
}

Tensor4 one_position_too_far(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos) {
    return rotate(x, table, start_pos + 1);
}

Tensor4 as_if_first(const Tensor4& x, const ComplexMatrix& table, std::size_t) {
    return rotate(x, table, 0);
}

Tensor4 the_other_way(const Tensor4& x, const ComplexMatrix& table, std::size_t start_pos) {
    ComplexMatrix backwards = table;
    for (std::complex<float>& turn : backwards) turn = std::conj(turn);
    return rotate(x, backwards, start_pos);
}

// Rotates all heads of a token as one wide head, with as many frequencies.
Tensor4 before_heads(const Tensor4& x, const ComplexMatrix&, std::size_t start_pos) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), width = x.shape(2) * x.shape(3);
    const ComplexMatrix table = rotation_table(frequencies(width, walked_theta), enough_positions);
    const Tensor3 wide = torch::view<3>(x, {batch, tokens, width});
    const Tensor4 turned = rotate(torch::view<4>(wide, {batch, tokens, 1, width}), table, start_pos);
    return torch::view<4>(torch::view<3>(turned, {batch, tokens, width}), x.shape());
}

struct Rotations {
    Rotation queries = rotate, keys = rotate, values = not_at_all;
    Vector freqs = frequencies(walked_config.head_dim, walked_theta);
};

Rotations both(const Rotation& rotation) {
    Rotations rotations;
    rotations.queries = rotations.keys = rotation;
    return rotations;
}
Rotations only_queries(const Rotation& rotation) {
    Rotations rotations;
    rotations.queries = rotation;
    return rotations;
}
Rotations only_keys(const Rotation& rotation) {
    Rotations rotations;
    rotations.keys = rotation;
    return rotations;
}
Rotations values_too() {
    Rotations rotations;
    rotations.values = rotate;
    return rotations;
}
Rotations with_frequencies(const Vector& freqs) {
    Rotations rotations;
    rotations.freqs = freqs;
    return rotations;
}

// theta^(-i / head_dim) instead of theta^(-2i / head_dim).
Vector frequencies_of_half_the_exponent() {
    const Vector freqs = frequencies(walked_config.head_dim, walked_theta);
    return xt::sqrt(freqs);
}

// --- the chapter's tensors with a mistake

struct Told {
    ch5::Trace trace;
    Tensor4 xq;  // before the rotation
};

Told attend_rotated(const Tensor3& x, const ch5::Weights& weights, const Rotations& rotations,
                    const ch5::Steps& steps, ch5::KVCache& cache, std::size_t start_pos) {
    const ComplexMatrix table = rotation_table(rotations.freqs, enough_positions);
    Told told{ch5::project(x, weights, walked_config), {}};
    told.xq = told.trace.xq;
    told.trace.xq = rotations.queries(told.trace.xq, table, start_pos);
    told.trace.xk = rotations.keys(told.trace.xk, table, start_pos);
    told.trace.xv = rotations.values(told.trace.xv, table, start_pos);
    ch5::attend_with(steps, told.trace, weights, walked_config, cache, start_pos);
    return told;
}

NamedTensors told_with(const Rotations& rotations, const ch5::Steps& steps = {},
                       const Drawn& drawn = draw_rightly()) {
    ch5::KVCache cache(walked_config);
    const Told told = attend_rotated(drawn.x, drawn.weights, rotations, steps, cache, 0);
    const std::size_t start_pos = steps.step_at_start ? 0 : drawn.x.shape(1);
    const Told step = attend_rotated(drawn.x_next, drawn.weights, rotations, steps, cache, start_pos);
    return {{"freqs", rotations.freqs},
            {"freqs_complex", rotation_table(rotations.freqs, walked_config.max_seq_len)},
            {"xq", told.xq},
            {"xq_rotated", told.trace.xq},
            {"xk_rotated", told.trace.xk},
            {"attn_scores", told.trace.attn_scores},
            {"attn_weights", told.trace.attn_weights},
            {"output", told.trace.output},
            {"step.xq_rotated", step.trace.xq},
            {"step.attn_weights", step.trace.attn_weights},
            {"step.output", step.trace.output}};
}

// Hugging Face's layout with its permuted weights: the scores stay the same.
NamedTensors permuted_and_half_split() {
    Drawn drawn = draw_rightly();
    drawn.weights.wq.weight = to_half_split(drawn.weights.wq.weight, walked_config.n_heads);
    drawn.weights.wk.weight = to_half_split(drawn.weights.wk.weight, walked_config.kv_heads());
    return told_with(both(rotate_half_split), {}, drawn);
}

}  // namespace

Mistakes mistakes() {
    const auto with = [](const Rotations& rotations) { return [=] { return told_with(rotations); }; };
    Mistakes table;
    for (const float theta : {500000.0f, 1000000.0f, 5000000.0f, 100000.0f, 1000.0f}) {
        table.push_back({"rope-theta", fmt::format("theta is {:.0f} instead of 10000", theta),
                         "theta = 10000.0",
                         with(with_frequencies(frequencies(walked_config.head_dim, theta)))});
    }
    const Mistakes rotations = {
        {"rope-exponent", "the exponent of theta is i / head_dim instead of 2i / head_dim",
         "torch.arange(0, head_dim, 2) / head_dim",
         with(with_frequencies(frequencies_of_half_the_exponent()))},
        {"rope-half-split", "the pairs are halves, (i, i + head_dim / 2), but the weights are for neighbours",
         "pair (2i, 2i + 1), or permute the rows of wq and wk", with(both(rotate_half_split))},
        {"rope-half-split-permuted",
         "no mistake: the pairs are halves and the weights are permuted to match, so the scores agree",
         "keep it, or pair neighbours (2i, 2i + 1) to get the same numbers", permuted_and_half_split},
        {"rope-off-by-one", "positions are counted from 1: queries and keys change, scores do not",
         "the first token is at position 0", with(both(one_position_too_far))},
        {"rope-off-by-one", "the queries are rotated one position too far, the keys are not",
         "the same start_pos for both", with(only_queries(one_position_too_far))},
        {"rope-off-by-one", "the keys are rotated one position too far, the queries are not",
         "the same start_pos for both", with(only_keys(one_position_too_far))},
        {"rope-before-heads",
         "the queries are rotated before the split into heads, so later heads rotate too slowly",
         "view(B, T, n_heads, head_dim) first, then rotate", with(both(before_heads))},
        {"rope-not-on-keys", "the keys are not rotated", "rotate queries and keys",
         with(only_keys(not_at_all))},
        {"rope-not-on-queries", "the queries are not rotated", "rotate queries and keys",
         with(only_queries(not_at_all))},
        {"rope-missing", "nothing is rotated", "rotate queries and keys", with(both(not_at_all))},
        {"rope-on-values", "the values are rotated too, so the position of a token gets into the output",
         "rotate queries and keys only", with(values_too())},
        {"rope-without-start-pos", "the next token is rotated as if it were at position 0",
         "freqs_complex[start_pos:start_pos + T]", with(both(as_if_first))},
        {"rope-other-direction",
         "everything is rotated in the other direction: (a cos + b sin, b cos - a sin)",
         "(a cos - b sin, a sin + b cos)", with(both(the_other_way))},
    };
    table.insert(table.end(), rotations.begin(), rotations.end());
    const Mistakes steps =
        ch5::mistakes_in_steps([](const ch5::Steps& wrong) { return told_with({}, wrong); });
    table.insert(table.end(), steps.begin(), steps.end());
    return table;
}

}  // namespace ch6
