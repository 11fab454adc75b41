#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/08_llama_4/qk_norm.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/08_llama_4/exercises/5_one_norm_for_all_heads/qk_norm.cpp"
}

using namespace exercise;

Tensor4 qk_norm(const Tensor4& x, float eps);
Tensor4 fixture();

namespace {

constexpr float eps = 1e-5f;

void check_queries(const Tensor4& x) {
    const float heads = static_cast<float>(x.shape(2)), width = static_cast<float>(x.shape(3));
    check_tensor(
        "normed", answer([&] { return qk_norm(x, eps); }), ch8::qk_norm(x, eps), {"B", "T", "H", "d"},
        {{"bug-unchanged", "these are the numbers of the code as it was given: the bug is still there",
          "the mean of the squares of each head of the result", [&] { return shipped::qk_norm(x, eps); }},
         {"qk-norm-count-of-all-heads", "the sum of a head's squares is divided by H * d",
          "divide by d, the number of squares in the sum",
          [&] {
              // sqrt(squares / (H d) + eps) = sqrt((squares / d + H eps) / H)
              const Tensor4 normed = ch8::qk_norm(x, heads * eps) * std::sqrt(heads);
              return normed;
          }},
         {"qk-norm-sum-goes-on", "the sum of squares contains the heads before", "squares = 0 for each head",
          [&] {
              Tensor4 normed = x;
              for (std::size_t b = 0; b < x.shape(0); ++b) {
                  for (std::size_t t = 0; t < x.shape(1); ++t) {
                      float squares = 0.0f;
                      for (std::size_t h = 0; h < x.shape(2); ++h) {
                          for (std::size_t i = 0; i < x.shape(3); ++i)
                              squares += x(b, t, h, i) * x(b, t, h, i);
                          for (std::size_t i = 0; i < x.shape(3); ++i)
                              normed(b, t, h, i) /= std::sqrt(squares / width + eps);
                      }
                  }
              }
              return normed;
          }},
         {"qk-norm-l2", "each head has the length 1: its squares sum to 1, but their mean should be 1",
          "the mean of the d squares", [&] {
              // sqrt(squares + eps) = sqrt((squares / d + eps / d) * d)
              const Tensor4 normed = ch8::qk_norm(x, eps / width) / std::sqrt(width);
              return normed;
          }}});
}

}  // namespace

TEST("the friendly test: one head") {
    const Tensor4 x = random_tensor<4>(861, {2, 3, 1, 4});
    given("x", x);
    check_queries(x);
}

TEST("the check's fixture: three heads") {
    const Tensor4 x = random_tensor<4>(862, {2, 1, 3, 4});
    given("x", x);
    check_queries(x);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Tensor4 x = answer([] { return fixture(); });
    given("your fixture", x);
    check_that(x.size() > 0 && std::isfinite(xt::sum(x)()), "the fixture has numbers, and all are finite");
    check_fixture(shipped::qk_norm(x, eps), ch8::qk_norm(x, eps),
                  "on this fixture each token has one head, or heads of the same size");
    check_queries(x);
}
