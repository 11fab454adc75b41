#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/wrapper.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"

namespace {

const ch3::Dropout no_dropout{0.0};

// 3 heads of width 2 over embeddings of width 5.
constexpr std::size_t n_heads = 3, head_dim = 2, d_in = 5, d_out = n_heads * head_dim;

ch4::Weights strong_multi_head_weights(std::uint64_t seed) {
    return {strong_weights(seed, d_in, d_out),
            {random_matrix(seed + 3, d_out, d_out), torch::select(random_matrix(seed + 4, 1, d_out), 0)}};
}

ch4::Trace attention(const Tensor3& x, const ch4::Weights& weights, std::size_t heads = n_heads) {
    torch::Generator generator(0);
    return ch4::multi_head_attention(x, weights, heads, no_dropout, generator);
}

// Columns of one head: what split_heads must put there, element by element.
Matrix columns_of_head(const Tensor3& x, std::size_t b, std::size_t head) {
    Matrix columns = Matrix::from_shape({x.shape(1), head_dim});
    for (std::size_t t = 0; t < x.shape(1); ++t) {
        for (std::size_t c = 0; c < head_dim; ++c) columns(t, c) = x(b, t, head * head_dim + c);
    }
    return columns;
}

}  // namespace

TEST_CASE("split_heads gives each head its columns of every token") {
    const Tensor3 x = random_batch(1, 2, 4, d_out);
    const Tensor4 heads = ch4::split_heads(x, n_heads);
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t h = 0; h < n_heads; ++h) {
            CHECK(exact(torch::select(torch::select(heads, b), h)) == exact(columns_of_head(x, b, h)));
        }
    }
    CHECK(exact(ch4::combine_heads(heads)) == exact(x));
}

TEST_CASE("view alone has the right shape and other contents") {
    const Tensor3 x = random_batch(1, 2, 4, d_out);
    const Tensor4 right = ch4::split_heads(x, n_heads), wrong = ch4::split_heads_by_view_alone(x, n_heads);
    CHECK(right.shape() == wrong.shape());
    CHECK(exact(right) != exact(wrong));
}

TEST_CASE("heads that do not divide the width are refused by name") {
    const Tensor3 x = random_batch(1, 2, 4, d_out);
    CHECK_THROWS_AS(ch4::split_heads(x, 4), std::invalid_argument);
    CHECK_THROWS_AS(ch4::split_heads(x, 0), std::invalid_argument);
    CHECK_THROWS_AS(attention(random_batch(2, 2, 4, d_in), strong_multi_head_weights(3), 4),
                    std::invalid_argument);
    torch::Generator generator(0);
    CHECK_THROWS_AS(ch4::multi_head_wrapper(x, {}, no_dropout, generator), std::invalid_argument);
}

TEST_CASE("chapter 4: every head against plain loops in double") {
    const Tensor3 x = random_batch(4, 2, 7, d_in);
    const ch4::Weights weights = strong_multi_head_weights(5);
    const ch4::Trace trace = attention(x, weights);
    const Tensor3 queries = weights.projections.query(x), keys = weights.projections.key(x),
                  values = weights.projections.value(x);
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t h = 0; h < n_heads; ++h) {
            const Matrix expected =
                attention_in_double(columns_of_head(queries, b, h), columns_of_head(keys, b, h),
                                    columns_of_head(values, b, h), double{head_dim}, true);
            CHECK(largest_difference(columns_of_head(trace.combined, b, h), expected) < close_to_double);
        }
    }
    CHECK(exact(trace.context_vec) == exact(weights.out_proj(trace.combined)));
}

TEST_CASE("chapter 4: wrapper and fused form agree on the same weights") {
    const Tensor3 x = random_batch(6, 2, 7, d_in);
    const std::vector<ch2::LinearWeights> heads = {strong_weights(7, d_in, head_dim),
                                                   strong_weights(17, d_in, head_dim),
                                                   strong_weights(27, d_in, head_dim)};
    torch::Generator generator(0);
    const Tensor3 wrapped = ch4::multi_head_wrapper(x, heads, no_dropout, generator);
    const ch4::Weights fused{ch4::fuse(heads), strong_multi_head_weights(8).out_proj};
    CHECK(largest_difference(attention(x, fused).combined, wrapped) < close_to_double);
}

TEST_CASE("chapter 4: one head is chapter 3") {
    const Tensor3 x = random_batch(9, 2, 7, d_in);
    const ch4::Weights weights = strong_multi_head_weights(10);
    torch::Generator generator(0);
    const ch3::Trace single = ch3::causal_attention(x, weights.projections, no_dropout, generator);
    CHECK(largest_difference(attention(x, weights, 1).combined, single.context_vec) < close_to_double);
}

TEST_CASE("chapter 4: another scale changes every row but the first") {
    const Tensor3 x = random_batch(11, 2, 5, d_in);
    const ch4::Weights weights = strong_multi_head_weights(12);
    torch::Generator generator(0);
    const Tensor3 right = attention(x, weights).context_vec;
    const Tensor3 wrong =
        ch4::multi_head_attention_scaled_by(9, x, weights, n_heads, no_dropout, generator).context_vec;
    CHECK(ch3::rows_changed(torch::select(right, 1), torch::select(wrong, 1)) ==
          std::vector<bool>{false, true, true, true, true});
}

TEST_CASE("chapter 4: causality to the bit, through out_proj") {
    const ch4::Weights weights = strong_multi_head_weights(13);
    const Matrix first = random_matrix(14, 6, d_in), second = random_matrix(15, 6, d_in);
    const Tensor3 before = attention(torch::stack(first, second), weights).context_vec;
    for (std::size_t token = 0; token < 6; ++token) {
        CAPTURE(token);
        const Tensor3 after =
            attention(torch::stack(ch3::perturb_token(first, token), second), weights).context_vec;
        std::vector<bool> expected(6, false);
        for (std::size_t i = token; i < 6; ++i) expected[i] = true;
        CHECK(ch3::rows_changed(torch::select(before, 0), torch::select(after, 0)) == expected);
        CHECK(ch3::rows_changed(torch::select(before, 1), torch::select(after, 1)) ==
              std::vector<bool>(6, false));
    }
}

TEST_CASE("chapter 4: weights are drawn query, key, value, out_proj, then its bias") {
    torch::Generator together(16), one_by_one(16);
    const ch4::Weights weights = ch4::random_weights(together, 5, 4);
    const ch2::LinearWeights projections = ch2::random_linear_weights(one_by_one, 5, 4);
    const ch2::Linear out_proj = ch2::random_linear(one_by_one, 4, 4, true);
    CHECK(exact(weights.projections.value.weight) == exact(projections.value.weight));
    CHECK(exact(weights.out_proj.weight) == exact(out_proj.weight));
    CHECK(exact(*weights.out_proj.bias) == exact(*out_proj.bias));
}

TEST_CASE("chapter 4, solvable by hand: each head picks another token") {
    // Two heads of width 1 over three tokens. Head 0 finds the largest first number, head 1 the largest
    // second.
    const Tensor3 x = {{{1, 5, 1}, {9, 1, 1}, {2, 2, 1}}};
    const ch4::Weights weights{{{{{0, 0, 1e4f}, {0, 0, 1e4f}}, {}},       // every query is 10,000
                                {{{1, 0, 0}, {0, 1, 0}}, {}},             // a key is the token's own number
                                {{{10, 0, 0}, {0, 10, 0}}, {}}},          // a value is ten times that
                               {{{1, 0}, {0, 1}}, Vector{0.5f, 0.25f}}};  // out_proj adds its bias
    const ch4::Trace trace = attention(x, weights, 2);
    CHECK(exact(trace.combined) == exact(Tensor3{{{10, 50}, {90, 50}, {90, 50}}}));
    CHECK(exact(trace.context_vec) == exact(Tensor3{{{10.5f, 50.25f}, {90.5f, 50.25f}, {90.5f, 50.25f}}}));
}
