#include <tuple>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// W_UK (heads, nope, c) and W_UV (heads, v, c), the two parts of wkv_b (heads * (nope + v), c).
std::tuple<Tensor3, Tensor3> split_wkv_b(const Matrix& wkv_b, std::size_t heads, std::size_t nope,
                                         std::size_t v) {
    const std::size_t c = wkv_b.shape(1);
    Tensor3 w_uk = xt::zeros<float>({heads, nope, c});
    Tensor3 w_uv = xt::zeros<float>({heads, v, c});

    // wkv_b(row, column) is one number, and w_uk(h, i, column) is one place. These functions help too:
    //   torch::view<3>(matrix, {a, b, c})         the same numbers in the same order, with another shape
    //   torch::narrow(tensor, axis, start, length)  `length` slices along `axis`, from `start` on
    // Your code replaces the next line.
    throw exercise::Missing("the first nope rows of each head into w_uk, the next v rows into w_uv");

    return {w_uk, w_uv};
}
