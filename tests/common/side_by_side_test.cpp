#include "common/render/side_by_side.hpp"

#include "common/tensor.hpp"
#include "tests/support/catch.hpp"

namespace {

using Lines = std::vector<std::string>;

ShownPair pair(const AnyTensor& left, const AnyTensor& right) {
    return {{"a", left, {}, {}, {}}, {"b", right, {}, {}, {}}};
}

Lines drawn(const AnyTensor& left, const AnyTensor& right, Terminal terminal = {}) {
    return draw_side_by_side(pair(left, right), terminal, {});
}

}  // namespace

TEST_CASE("side by side: one style for both, and a sign between rows that differ") {
    const Matrix whole = {{1.0f, 0.0f}, {1.0f, 0.0f}}, half = {{1.0f, 0.0f}, {0.5f, -2.0f}};
    CHECK(drawn(whole, half) == Lines{"a                       b",
                                      "[[ 1.0000,  0.0000],    [[ 1.0000,  0.0000],",
                                      " [ 1.0000,  0.0000]] ≠   [ 0.5000, -2.0000]]"});
    CHECK(drawn(whole, whole) ==
          Lines{"a             b", "[[1., 0.],    [[1., 0.],", " [1., 0.]]     [1., 0.]]"});
    Terminal ascii;
    ascii.unicode = false;
    CHECK(drawn(whole, half, ascii).back() == " [ 1.0000,  0.0000]] !=  [ 0.5000, -2.0000]]");
}

TEST_CASE("side by side: one to four axes") {
    CHECK(drawn(Vector{1.0f, 2.0f}, Vector{1.0f, 3.0f}) == Lines{"a           b", "[1., 2.] ≠  [1., 3.]"});
    const Tensor3 cube = {{{1.0f, 2.0f}}, {{3.0f, 4.0f}}}, other = {{{1.0f, 2.0f}}, {{3.0f, 5.0f}}};
    CHECK(drawn(cube, other) ==
          Lines{"a               b", "[[[1., 2.]],    [[[1., 2.]],", "", " [[3., 4.]]] ≠   [[3., 5.]]]"});
    const Tensor4 four = {{{{1.0f}}, {{2.0f}}}, {{{3.0f}}, {{4.0f}}}};
    CHECK(drawn(four, four) == Lines{"a             b", "[[[[1.]],     [[[[1.]],", "",
                                     "  [[2.]]],      [[2.]]],", "", "", " [[[3.]],      [[[3.]],", "",
                                     "  [[4.]]]]      [[4.]]]]"});
}

TEST_CASE("side by side: two shapes stand beside each other without signs, and wide tensors do not") {
    CHECK(drawn(Matrix{{1.0f}, {2.0f}}, Matrix{{1.0f}}) ==
          Lines{"a         b", "[[1.],    [[1.]]", " [2.]]"});
    CHECK(drawn(AnyTensor(1.0f), AnyTensor(2.0f)) == Lines{"a     b", "1.    2."});
    Terminal narrow;
    narrow.width = 20;
    CHECK(drawn(Matrix{{1.0f, 2.0f}}, Matrix{{1.0f, 2.0f}}).size() == 2);
    CHECK(drawn(Matrix{{1.0f, 2.0f}}, Matrix{{1.0f, 2.0f}}, narrow).empty());
}

TEST_CASE("stack joins two tensors of one shape and type") {
    const AnyTensor stacked = stack(Vector{1.0f, 2.0f}, Vector{3.0f, 4.0f});
    CHECK(stacked.shape == Shape{2, 2});
    CHECK(std::get<std::vector<float>>(stacked.values) == std::vector<float>{1, 2, 3, 4});
    CHECK_THROWS_AS(stack(Vector{1.0f}, Vector{3.0f, 4.0f}), std::invalid_argument);
    CHECK_THROWS_AS(stack(Vector{1.0f}, AnyTensor({1}, std::vector<bool>{true})), std::invalid_argument);
}
