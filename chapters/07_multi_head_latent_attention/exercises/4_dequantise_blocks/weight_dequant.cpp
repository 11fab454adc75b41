#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// Each number times the scale of its block of block x block numbers.
// values (rows, columns); scale_inv (rows / block, columns / block), both rounded up -> (rows, columns)
Matrix weight_dequant(const Matrix& values, const Matrix& scale_inv, std::size_t block) {
    Matrix weight = values;

    // weight(i, j) is one number, scale_inv(row, column) is the scale of one block. weight.shape(0) is the
    // number of rows, weight.shape(1) the number of columns. Your code replaces the next line.
    throw exercise::Missing("each number times the scale of its block");

    return weight;
}
