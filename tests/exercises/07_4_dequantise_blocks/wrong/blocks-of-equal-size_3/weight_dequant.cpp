#include "common/tensor.hpp"

// Each number times the scale of its block of block x block numbers.
// values (rows, columns); scale_inv (rows / block, columns / block), both rounded up -> (rows, columns)
Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block) {
    Matrix weight = values;
    for (std::size_t i = 0; i < weight.shape(0); ++i) {
        for (std::size_t j = 0; j < weight.shape(1); ++j) {
            const std::size_t row = i * scale_inv.shape(0) / weight.shape(0);
            const std::size_t column = j * scale_inv.shape(1) / weight.shape(1);
            weight(i, j) *= scale_inv(row, column);
        }
    }
    return weight;
}
