// The eager functions in front of xtensor: values on sizes that are all different, and messages that name
// shapes.
#include "common/tensor.hpp"

#include <limits>

#include "common/any_tensor.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/message_of.hpp"

TEST_CASE("matmul of matrices, by hand") {
    const Matrix a = {{1, 2, 3}, {4, 5, 6}}, b = {{1, 0}, {0, 1}, {2, 2}};
    CHECK(exact(torch::matmul(a, b)) == exact(Matrix{{7, 8}, {16, 17}}));
}

TEST_CASE("matmul of stacks is matmul of each matrix") {
    const Tensor3 a = random_batch(1, 3, 2, 5), b = random_batch(2, 3, 5, 4);
    const Tensor3 product = torch::matmul(a, b);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(exact(torch::select(product, i)) ==
              exact(torch::matmul(torch::select(a, i), torch::select(b, i))));
    }

    const Tensor4 a4 = torch::view<4>(random_batch(3, 6, 2, 5), {2, 3, 2, 5});
    const Tensor4 product4 = torch::matmul(a4, torch::transpose(a4, 2, 3));
    REQUIRE(product4.shape() == (std::array<std::size_t, 4>{2, 3, 2, 2}));
    const Matrix one = torch::select(torch::select(a4, 1), 2);
    CHECK(exact(torch::select(torch::select(product4, 1), 2)) ==
          exact(torch::matmul(one, torch::transpose(one))));
}

TEST_CASE("a batch times one matrix") {
    const Tensor3 a = random_batch(1, 3, 2, 5);
    const Matrix b = random_matrix(2, 5, 4);
    const Tensor3 product = torch::matmul(a, b);
    for (std::size_t i = 0; i < 3; ++i) {
        const Matrix one = torch::select(product, i);
        CHECK(largest_difference(one, torch::matmul(torch::select(a, i), b)) < 1e-6f);
    }
}

TEST_CASE("matmul_transposed is matmul with the right-hand side transposed") {
    const Tensor3 a = random_batch(1, 3, 2, 5), b = random_batch(2, 3, 4, 5);
    CHECK(largest_difference(torch::matmul_transposed(a, b), torch::matmul(a, torch::transpose(b, 1, 2))) <
          1e-6f);

    // One matrix for the whole batch, and a single row, as when one token is decoded.
    const Matrix one = torch::select(b, 1), row = random_matrix(3, 1, 5);
    CHECK(largest_difference(torch::matmul_transposed(a, one), torch::matmul(a, torch::transpose(one))) <
          1e-6f);
    CHECK(largest_difference(torch::matmul_transposed(one, row), torch::matmul(one, torch::transpose(row))) <
          1e-6f);
    CHECK(largest_difference(torch::matmul_transposed(row, one), torch::matmul(row, torch::transpose(one))) <
          1e-6f);
}

TEST_CASE("a product of single rows is the rows of a product") {
    // Two rows go to gemm, one row to gemv: also where only one number is added up, or one comes out.
    const auto [inner, columns] = GENERATE(std::array<std::size_t, 2>{5, 4}, std::array<std::size_t, 2>{1, 4},
                                           std::array<std::size_t, 2>{5, 1});
    CAPTURE(inner, columns);
    const Tensor3 a = random_batch(1, 3, 2, inner), b = random_batch(2, 3, inner, columns);
    const Tensor3 b_transposed = torch::transpose(b, 1, 2), product = torch::matmul(a, b);
    for (std::size_t row = 0; row < 2; ++row) {
        const Tensor3 rows = torch::narrow(a, 1, row, 1), expected = torch::narrow(product, 1, row, 1);
        CHECK(largest_difference(torch::matmul(rows, b), expected) < 1e-6f);
        CHECK(largest_difference(torch::matmul_transposed(rows, b_transposed), expected) < 1e-6f);
    }
}

TEST_CASE("transpose of any two axes of four, element by element") {
    const Tensor4 x = torch::view<4>(random_batch(1, 6, 4, 5), {2, 3, 4, 5});
    for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = 0; b < 4; ++b) {
            const Tensor4 swapped = torch::transpose(x, a, b);
            REQUIRE(swapped.shape(a) == x.shape(b));
            REQUIRE(swapped.shape(b) == x.shape(a));
            std::array<std::size_t, 4> at{};
            for (at[0] = 0; at[0] < 2; ++at[0]) {
                for (at[1] = 0; at[1] < 3; ++at[1]) {
                    for (at[2] = 0; at[2] < 4; ++at[2]) {
                        for (at[3] = 0; at[3] < 5; ++at[3]) {
                            std::array<std::size_t, 4> there = at;
                            std::swap(there[a], there[b]);
                            REQUIRE(swapped[there] == x[at]);
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("transpose, view, stack, cat, narrow put every element where PyTorch does") {
    const Matrix x = {{1, 2, 3}, {4, 5, 6}};
    CHECK(exact(torch::transpose(x)) == exact(Matrix{{1, 4}, {2, 5}, {3, 6}}));
    CHECK(exact(torch::view<3>(x, {3, 1, 2})) == exact(Tensor3{{{1, 2}}, {{3, 4}}, {{5, 6}}}));
    CHECK(exact(torch::stack(x, x + 10)) ==
          exact(Tensor3{{{1, 2, 3}, {4, 5, 6}}, {{11, 12, 13}, {14, 15, 16}}}));
    CHECK(exact(torch::narrow(x, 0, 1, 1)) == exact(Matrix{{4, 5, 6}}));

    const Tensor3 batch = {{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}};
    CHECK(exact(torch::narrow(batch, 1, 1, 2)) == exact(Tensor3{{{3, 4}, {5, 6}}, {{9, 10}, {11, 12}}}));
    CHECK(exact(torch::narrow(batch, 2, 1, 1)) == exact(Tensor3{{{2}, {4}, {6}}, {{8}, {10}, {12}}}));

    const Tensor3 a = {{{1, 2}, {3, 4}}}, b = {{{5}, {6}}};
    CHECK(exact(torch::cat(a, b)) == exact(Tensor3{{{1, 2, 5}, {3, 4, 6}}}));
    CHECK(exact(torch::transpose(a, 0, 2)) == exact(Tensor3{{{1}, {3}}, {{2}, {4}}}));
}

TEST_CASE("shapes that do not fit are named") {
    const Matrix x = random_matrix(1, 2, 3);
    const Tensor3 batch = random_batch(1, 2, 3, 4);
    CHECK(message_of([&] { torch::matmul(x, x); }) ==
          "matmul: the shapes (2, 3) and (2, 3) do not fit together");
    CHECK(message_of([&] { torch::matmul(batch, batch); }) ==
          "matmul: the shapes (2, 3, 4) and (2, 3, 4) do not fit together");
    CHECK(message_of([&] { torch::matmul_transposed(x, torch::transpose(x)); }) ==
          "matmul_transposed: the shapes (2, 3) and (3, 2) do not fit together");
    CHECK(message_of([&] {
              torch::view<3>(x, {4, 1, 1});
          }) == "view: the shapes (2, 3) and (4, 1, 1) do not fit together");
    CHECK(message_of([&] { torch::select(x, 2); }) == "select: (2, 3) has no slice 2");
    CHECK(message_of([&] { torch::narrow(x, 0, 1, 2); }) == "narrow: axis 0 of (2, 3) has no slices 1 to 3");
    CHECK(message_of([&] { torch::cat(batch, random_batch(1, 2, 4, 4)); }) ==
          "cat: the shapes (2, 3, 4) and (2, 4, 4) do not fit together");
}

TEST_CASE("largest_difference sees NaN and infinity") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    inf = std::numeric_limits<float>::infinity();
    CHECK(largest_difference(Vector{1, 2, 3}, Vector{1, 2.5f, 3}) == 0.5f);
    CHECK(largest_difference(Vector{nan, inf}, Vector{nan, inf}) == 0.0f);
    CHECK(largest_difference(Vector{nan, 1}, Vector{1, 1}) == inf);
    CHECK(largest_difference(Vector{1, 1}, Vector{1, nan}) == inf);
}

TEST_CASE("shapes and places in words") {
    CHECK(to_string(Shape{6}) == "(6,)");
    CHECK(to_string(Shape{2, 6, 3}) == "(2, 6, 3)");
    CHECK(index_to_string(23, {2, 3, 4}) == "[1, 2, 3]");
    CHECK(index_to_string(5, {2, 3}) == "[1, 2]");
}
