#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/mistakes.hpp"

using namespace exercise;

Tensor3 attend_with_heads(const Tensor3& queries, const Tensor3& keys, const Tensor3& values,
                          std::size_t n_heads);

namespace {

struct Projections {
    Tensor3 queries, keys, values;
};

// The steps of the chapter; a mistake replaces one of them.
struct Steps {
    std::size_t scale_width;
    std::function<Tensor4(const Tensor3&, std::size_t)> split = ch4::split_heads;
    std::function<Tensor3(const Tensor4&)> combine = ch4::combine_heads;
    std::ptrdiff_t first_masked = 1;  // the diagonal at which the mask begins
    std::size_t softmax_axis = 3;
};

Tensor3 attend(const Projections& x, std::size_t n_heads, const Steps& steps) {
    const Tensor4 queries = steps.split(x.queries, n_heads), keys = steps.split(x.keys, n_heads),
                  values = steps.split(x.values, n_heads);
    const Tensor4 scaled =
        torch::matmul_transposed(queries, keys) / std::sqrt(static_cast<float>(steps.scale_width));
    const Tensor4 masked = ch3::masked_fill(
        scaled, ch3::mask_from_diagonal(scaled.shape(3), steps.first_masked), ch3::True::hides);
    return steps.combine(torch::matmul(ch1::softmax_along(masked, steps.softmax_axis), values));
}

// (B, H, T, head_dim) viewed as (B, T, d_out) without a transpose.
Tensor3 view_as_tokens(const Tensor4& x) {
    return torch::view<3>(x, {x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
}

void check_heads(const Projections& x, std::size_t n_heads) {
    const std::size_t tokens = x.keys.shape(1), d_out = x.keys.shape(2), head_dim = d_out / n_heads;
    const Mistakes table = ch4::mistakes();
    const auto with = [&](Steps steps) { return [&, steps] { return attend(x, n_heads, steps); }; };
    Steps view_alone{head_dim}, view_both_ways{head_dim}, view_at_the_end{head_dim}, unmasked{head_dim},
        one_late{head_dim}, softmax_of_columns{head_dim}, softmax_of_heads{head_dim};
    view_alone.split = view_both_ways.split = ch4::split_heads_by_view_alone;
    view_both_ways.combine = view_at_the_end.combine = view_as_tokens;
    unmasked.first_masked = static_cast<std::ptrdiff_t>(tokens);
    one_late.first_masked = 2;
    softmax_of_columns.softmax_axis = 2;
    softmax_of_heads.softmax_axis = 1;

    check_tensor(
        "context_vecs", answer([&] { return attend_with_heads(x.queries, x.keys, x.values, n_heads); }),
        with({head_dim})(), {"B", "T", "d_out"},
        {cause_of(table, "view-instead-of-transpose", with(view_alone)),
         cause_of(table, "view-instead-of-transpose", with(view_both_ways), 1),
         cause_of(table, "heads-not-combined", with(view_at_the_end)),
         {"scale-whole-width", "the scores are divided by √d_out, the root of the width of all heads",
          "head_dim = d_out / n_heads", with({d_out})},
         {"scale-heads", "the scores are divided by the root of the number of heads",
          "head_dim = d_out / n_heads", with({n_heads})},
         {"scale-missing", "the scores are not divided by √head_dim", "divide before softmax", with({1})},
         cause_of(table, "mask-missing", with(unmasked)),
         cause_of(table, "mask-off-by-one", with(one_late), 1),
         cause_of(table, "softmax-wrong-axis", with(softmax_of_columns)),
         cause_of(table, "softmax-wrong-axis", with(softmax_of_heads), 1),
         {"one-head", "all columns are one head", "split into n_heads heads",
          [&] { return attend(x, 1, {d_out}); }}});
}

Projections random_projections(std::uint64_t seed, const std::array<std::size_t, 3>& shape) {
    return {random_tensor<3>(seed, shape), random_tensor<3>(seed + 1, shape),
            random_tensor<3>(seed + 2, shape)};
}

}  // namespace

TEST("one sequence of three tokens, two heads of three columns") {
    const Projections x = random_projections(471, {1, 3, 6});
    given("queries", x.queries);
    given("keys", x.keys);
    given("values", x.values);
    check_heads(x, 2);
}

TEST("two sequences of five tokens, three heads of four columns") {
    check_heads(random_projections(474, {2, 5, 12}), 3);
}

TEST("one head") {
    check_heads(random_projections(477, {2, 4, 5}), 1);
}

TEST("one token") {
    check_heads(random_projections(480, {3, 1, 8}), 4);
}
