#include "common/exercise/check.hpp"

#include <functional>

#include "chapters/05_grouped_query_attention/repeat_kv.hpp"

using namespace exercise;

Tensor4 repeat_kv(const Tensor4& x, std::size_t n_rep);

namespace {

// Head h of the result is head source(h) of x.
Tensor4 with_heads(const Tensor4& x, std::size_t n_rep,
                   const std::function<std::size_t(std::size_t)>& source) {
    const std::size_t heads = x.shape(2) * n_rep;
    Tensor4 result = Tensor4::from_shape({x.shape(0), x.shape(1), heads, x.shape(3)});
    for (std::size_t h = 0; h < heads; ++h)
        xt::view(result, xt::all(), xt::all(), h) = xt::view(x, xt::all(), xt::all(), source(h));
    return result;
}

// Repeats the tokens instead of the heads: repeat_kv for (B, H_kv, S, head_dim), called with (B, S, H_kv,
// head_dim).
Tensor4 with_repeated_tokens(const Tensor4& x, std::size_t n_rep) {
    const Tensor4 heads_first = torch::transpose(x, 1, 2);
    return torch::transpose(ch5::repeat_kv(heads_first, n_rep), 1, 2);
}

void check_heads(const Tensor4& x, std::size_t n_rep) {
    given("x", x);
    given("n_rep", static_cast<double>(n_rep));
    check_tensor(
        "repeated", answer([&] { return repeat_kv(x, n_rep); }), ch5::repeat_kv(x, n_rep),
        {"B", "S", "H", "head_dim"},
        {{"repeat-instead-of-repeat-interleave",
          "the key heads are repeated as a list, h % H_kv, instead of each in its place",
          "h / n_rep, rounded down", [&] { return ch5::tile_kv(x, n_rep); }},
         {"head-modulo-n-rep", "query head h gets key head h % n_rep", "h / n_rep, rounded down",
          [&] { return with_heads(x, n_rep, [&](std::size_t h) { return h % n_rep % x.shape(2); }); }},
         {"first-head-for-all", "every query head gets key head 0, as if there were only one", "h / n_rep",
          [&] { return with_heads(x, n_rep, [](std::size_t) { return std::size_t{0}; }); }},
         {"tokens-repeated",
          "the tokens are repeated instead of the heads, as in ByteDance-Seed/VeOmni#162: the layout is (B, S, "
          "H_kv, head_dim)",
          "axis 2", [&] { return with_repeated_tokens(x, n_rep); }}});
}

}  // namespace

TEST("three key heads, two query heads for each") {
    check_heads(random_tensor<4>(54, {2, 2, 3, 2}), 2);
}

TEST("two key heads, three query heads for each") {
    check_heads(random_tensor<4>(55, {1, 3, 2, 5}), 3);
}

TEST("one key head for all queries") {
    check_heads(random_tensor<4>(56, {2, 3, 1, 2}), 4);
}

TEST("a key head for each query head") {
    check_heads(random_tensor<4>(57, {1, 2, 4, 3}), 1);
}
