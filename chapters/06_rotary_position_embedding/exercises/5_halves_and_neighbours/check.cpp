#include "common/exercise/check.hpp"

#include <cmath>
#include <complex>

#include "chapters/06_rotary_position_embedding/layouts.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/06_rotary_position_embedding/exercises/5_halves_and_neighbours/rotate.cpp"
}

using namespace exercise;

Matrix rotate(const Matrix& queries);
Matrix fixture();

namespace {

ch6::ComplexMatrix table_for(const Matrix& queries) {
    return ch6::rotation_table(ch6::frequencies(queries.shape(1), 10000.0f), queries.shape(0));
}

Matrix rotated_with(const Matrix& queries, const ch6::ComplexMatrix& table) {
    const Tensor4 one_head =
        xt::reshape_view(queries, {std::size_t{1}, queries.shape(0), std::size_t{1}, queries.shape(1)});
    const Tensor4 rotated = ch6::rotate_half_split(one_head, table, 0);
    return xt::view(rotated, 0, xt::all(), 0);
}

Matrix expected(const Matrix& queries) {
    return rotated_with(queries, table_for(queries));
}

// The rotation with the opposite angles.
Matrix in_the_other_direction(const Matrix& queries) {
    ch6::ComplexMatrix table = table_for(queries);
    for (std::complex<float>& rotation : table) rotation = std::conj(rotation);
    return rotated_with(queries, table);
}

// The right numbers in the order of the other layout.
Matrix in_order_of_neighbours(const Matrix& queries) {
    return torch::transpose(ch6::to_interleaved(torch::transpose(expected(queries)), 1));
}

void check_queries(const Matrix& queries) {
    check_tensor(
        "rotated", answer([&] { return rotate(queries); }), expected(queries), {"T", "head_dim"},
        {{"rope-neighbours", "the pairs are neighbours, (2i, 2i + 1), but the weights are for halves",
          "the columns `first` and `second`", [&] { return shipped::rotate(queries); }},
         {"rope-other-direction", "everything is rotated in the other direction",
          "(a cos - b sin, a sin + b cos)", [&] { return in_the_other_direction(queries); }},
         {"layout-not-restored", "the pairs are right, but the columns of the result are in Llama's order",
          "the result has its columns in the order of the queries",
          [&] { return in_order_of_neighbours(queries); }}});
}

}  // namespace

TEST("the friendly test: the first token of a text") {
    const Matrix queries = random_tensor<2>(121, {1, 6});
    given("queries", queries);
    check_queries(queries);
}

TEST("the check's fixture: three tokens, a head of six numbers") {
    const Matrix queries = random_tensor<2>(122, {3, 6});
    given("queries", queries);
    check_queries(queries);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Matrix queries = answer([] { return fixture(); });
    given("your fixture", queries);
    const bool has_pairs = queries.shape(0) >= 1 && queries.shape(1) >= 2 && queries.shape(1) % 2 == 0;
    check_that(has_pairs, "the fixture has a row or more, and an even number of columns");
    if (!has_pairs) return;
    check_fixture(
        shipped::rotate(queries), expected(queries),
        "position 0 rotates nothing, a head of two numbers has the same pair in both layouts, and a pair of "
        "zeros stays zero");
    check_queries(queries);
}
