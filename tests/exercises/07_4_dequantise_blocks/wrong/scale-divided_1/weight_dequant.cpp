#include "common/tensor.hpp"

// Each number times the scale of its block of block x block numbers.
// values (rows, columns); scale_inv (rows / block, columns / block), both rounded up -> (rows, columns)
Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block) {
    Matrix weight = values;
    for (std::size_t i = 0; i < weight.shape(0); ++i) {
        for (std::size_t j = 0; j < weight.shape(1); ++j) {
            weight(i, j) /= scale_inv(i / block, j / block);
        }
    }
    return weight;
}
