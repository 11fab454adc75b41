#include "common/exercise/check.hpp"

#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/mistakes.hpp"

using namespace exercise;

Tensor3 combine_heads(const Tensor4& x);

namespace {

Tensor3 as_rows(const Tensor4& x, std::size_t rows, std::size_t columns) {
    return torch::view<3>(x, {x.shape(0), rows, columns});
}

void check_combine(const Tensor4& x) {
    const std::size_t heads = x.shape(1), tokens = x.shape(2), head_dim = x.shape(3);
    given("x", x);
    check_tensor(
        "combined", answer([&] { return combine_heads(x); }), ch4::combine_heads(x), {"B", "T", "d_out"},
        {cause_of(ch4::mistakes(), "heads-not-combined",
                  [&] { return as_rows(x, tokens, heads * head_dim); }),
         {"heads-below-each-other", "the heads stand below each other: (B, H * T, head_dim)",
          "one row for each token, with the columns of all heads",
          [&] { return as_rows(x, heads * tokens, head_dim); }},
         {"heads-interleaved", "the columns of the heads take turns: head 0, head 1, ..., head 0 again",
          "all columns of head 0, then all columns of head 1",
          [&] {
              // (B, H, T, head_dim) -> (B, head_dim, T, H) -> (B, T, head_dim, H)
              return as_rows(torch::transpose(torch::transpose(x, 1, 3), 1, 2), tokens, heads * head_dim);
          }},
         {"heads-added", "the heads are added instead of put side by side", "d_out = H * head_dim columns",
          [&]() -> AnyTensor {
              const Tensor3 sum = xt::sum(x, {1});
              return sum;
          }}});
}

}  // namespace

TEST("two heads, three tokens, three columns; 112 is head 1, token 1, column 2") {
    Tensor4 x = Tensor4::from_shape({1, 2, 3, 3});
    for (std::size_t head = 0; head < 2; ++head)
        for (std::size_t token = 0; token < 3; ++token)
            for (std::size_t column = 0; column < 3; ++column)
                x(0, head, token, column) = static_cast<float>(100 * head + 10 * token + column);
    check_combine(x);
}

TEST("two sequences, three heads, five tokens, four columns") {
    check_combine(random_tensor<4>(431, {2, 3, 5, 4}));
}

TEST("one head") {
    check_combine(random_tensor<4>(432, {2, 1, 4, 3}));
}

TEST("one token") {
    check_combine(random_tensor<4>(433, {3, 4, 1, 2}));
}
