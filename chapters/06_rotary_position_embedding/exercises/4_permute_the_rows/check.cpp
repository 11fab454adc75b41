#include "common/exercise/check.hpp"

#include "chapters/06_rotary_position_embedding/layouts.hpp"

using namespace exercise;

Matrix to_half_split(const Matrix& weight, std::size_t n_heads);

namespace {

// Exchanges the two halves of each head.
Matrix with_halves_exchanged(const Matrix& weight, std::size_t n_heads) {
    const std::size_t head_dim = weight.shape(0) / n_heads;
    Matrix exchanged = weight;
    for (std::size_t row = 0; row < weight.shape(0); ++row) {
        const std::size_t head = row / head_dim, r = (row + head_dim / 2) % head_dim;
        xt::view(exchanged, row) = xt::view(weight, head * head_dim + r);
    }
    return exchanged;
}

void check_weight(const Matrix& weight, std::size_t n_heads) {
    const Matrix expected = ch6::to_half_split(weight, n_heads);
    given("weight", weight);
    given("n_heads", static_cast<double>(n_heads));
    check_tensor("permuted", answer([&] { return to_half_split(weight, n_heads); }), expected, {"row", "dim"},
                 {{"layout-inverse", "this is the way back, from halves to neighbours",
                   "row i of the result comes from row 2i of the weight",
                   [&] { return ch6::to_interleaved(weight, n_heads); }},
                  {"layout-across-heads", "all rows are permuted as one head, so rows go to other heads",
                   "the rows of head h begin at h * head_dim", [&] { return ch6::to_half_split(weight, 1); }},
                  {"layout-odd-rows-first", "the second numbers of the pairs are in the first half",
                   "the first half comes from the rows 0 2 4 of the head",
                   [&] { return with_halves_exchanged(expected, n_heads); }},
                  {"layout-unchanged", "the rows stay where they are",
                   "row i of the result comes from row 2i", [&] { return weight; }}});
}

}  // namespace

TEST("two heads of six numbers") {
    check_weight(random_tensor<2>(131, {12, 3}), 2);
}

TEST("one head of ten numbers") {
    check_weight(random_tensor<2>(132, {10, 2}), 1);
}

TEST("three heads of two numbers stay as they are") {
    check_weight(random_tensor<2>(120, {6, 2}), 3);
}
