#include "common/exercise/check.hpp"

#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"

using namespace exercise;

Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block);

namespace {

// Each number times the scale that `place` chooses for it, as (row, column) of the scales. Empty if there is
// no such scale.
template <class Place>
AnyTensor scaled_by(const Matrix& values, const Matrix& scales, Place place) {
    Matrix weight = values;
    for (std::size_t i = 0; i < values.shape(0); ++i) {
        for (std::size_t j = 0; j < values.shape(1); ++j) {
            const auto [row, column] = place(i, j);
            if (row >= scales.shape(0) || column >= scales.shape(1)) return Matrix::from_shape({0, 0});
            weight(i, j) *= scales(row, column);
        }
    }
    return weight;
}

void check_weight(const Matrix& values, const Matrix& scale_inv, std::size_t block) {
    const std::size_t rows = values.shape(0), columns = values.shape(1);
    const auto by = [&](auto place) { return [=] { return scaled_by(values, scale_inv, place); }; };
    using Pair = std::pair<std::size_t, std::size_t>;
    given("values", values);
    given("scale_inv", scale_inv);
    given("block", static_cast<double>(block));
    check_tensor("weight", answer([&] { return weight_dequant(values, scale_inv, block); }),
                 ch7::weight_dequant(values, scale_inv, block), {"row", "column"},
                 {{"scale-divided", "the numbers are divided by the scale", "scale_inv is the factor already",
                   [&] {
                       const Matrix inverse = 1.0f / scale_inv;
                       return ch7::weight_dequant(values, inverse, block);
                   }},
                  {"scales-tiled",
                   "the scales are repeated as a list (0 1 0 1) instead of each in its place (0 0 1 1)",
                   "i / block, not i % the number of blocks", by([=](std::size_t i, std::size_t j) {
                       return Pair{i % scale_inv.shape(0), j % scale_inv.shape(1)};
                   })},
                  {"scales-transposed", "the rows of the scales are used for the columns of the weight",
                   "scale_inv(i / block, j / block)", by([=](std::size_t i, std::size_t j) {
                       return Pair{j / block, i / block};
                   })},
                  {"blocks-of-equal-size",
                   "the rows are divided into blocks of equal size, but only the last is smaller",
                   "i / block", by([=](std::size_t i, std::size_t j) {
                       return Pair{i * scale_inv.shape(0) / rows, j * scale_inv.shape(1) / columns};
                   })},
                  {"one-scale-for-a-row", "all columns use the scale of the first block",
                   "j / block chooses the column", by([=](std::size_t i, std::size_t) {
                       return Pair{i / block, 0};
                   })}});
}

}  // namespace

TEST("a weight (5, 11) in blocks of 4") {
    check_weight(random_tensor<2>(741, {5, 11}), random_tensor<2>(742, {2, 3}), 4);
}

TEST("a weight (5, 5) in blocks of 2") {
    check_weight(random_tensor<2>(743, {5, 5}), random_tensor<2>(744, {3, 3}), 2);
}

TEST("a weight smaller than one block") {
    check_weight(random_tensor<2>(745, {2, 3}), random_tensor<2>(746, {1, 1}), 128);
}
