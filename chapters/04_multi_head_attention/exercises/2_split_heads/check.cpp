#include "common/exercise/check.hpp"

#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/mistakes.hpp"

using namespace exercise;

Tensor4 split_heads(const Tensor3& x, std::size_t n_heads);

namespace {

Tensor4 view(const Tensor3& x, std::size_t a, std::size_t b, std::size_t c) {
    return torch::view<4>(x, {x.shape(0), a, b, c});
}

void check_split(const Tensor3& x, std::size_t n_heads) {
    const std::size_t tokens = x.shape(1), head_dim = x.shape(2) / n_heads;
    given("x", x);
    given("n_heads", static_cast<double>(n_heads));
    check_tensor(
        "heads", answer([&] { return split_heads(x, n_heads); }), ch4::split_heads(x, n_heads),
        {"B", "H", "T", "head_dim"},
        {cause_of(ch4::mistakes(), "view-instead-of-transpose",
                  [&] { return ch4::split_heads_by_view_alone(x, n_heads); }),
         {"transpose-missing", "the heads stand behind the tokens: (B, T, H, head_dim)",
          "swap the axes 1 and 2 after the view", [&] { return view(x, tokens, n_heads, head_dim); }},
         {"heads-interleaved", "head h gets the columns h, h + H, h + 2H, ... instead of neighbouring ones",
          "head h begins at column h * head_dim",
          [&] {
              // (B, T, head_dim, H) -> (B, H, head_dim, T) -> (B, H, T, head_dim)
              return torch::transpose(torch::transpose(view(x, tokens, head_dim, n_heads), 1, 3), 2, 3);
          }},
         {"sizes-swapped", "each token is split into head_dim pieces of H columns",
          "H pieces of head_dim columns",
          [&] { return torch::transpose(view(x, tokens, head_dim, n_heads), 1, 2); }},
         {"axes-swapped", "the tokens stand behind the columns: (B, H, head_dim, T)",
          "swap the axes 1 and 2 only",
          [&] { return torch::transpose(ch4::split_heads(x, n_heads), 2, 3); }}});
}

}  // namespace

TEST("three tokens, two heads of three columns; 12 is token 1, column 2") {
    Tensor3 x = Tensor3::from_shape({1, 3, 6});
    for (std::size_t token = 0; token < 3; ++token)
        for (std::size_t column = 0; column < 6; ++column)
            x(0, token, column) = static_cast<float>(10 * token + column);
    check_split(x, 2);
}

TEST("two sequences of five tokens, three heads of four columns") {
    check_split(random_tensor<3>(421, {2, 5, 12}), 3);
}

TEST("one head has all columns") {
    check_split(random_tensor<3>(422, {2, 3, 5}), 1);
}

TEST("each column is a head") {
    check_split(random_tensor<3>(423, {3, 2, 5}), 5);
}
