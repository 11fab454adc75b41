#include <tuple>

#include "common/tensor.hpp"

// W_UK (heads, nope, c) and W_UV (heads, v, c), the two parts of wkv_b (heads * (nope + v), c).
std::tuple<Tensor3, Tensor3> split_wkv_b(const Matrix& wkv_b, std::size_t heads, std::size_t nope,
                                         std::size_t v) {
    const std::size_t c = wkv_b.shape(1);
    const Tensor3 rows = torch::view<3>(wkv_b, {heads, nope + v, c});
    const Tensor3 w_uk = torch::narrow(rows, 1, 0, nope);
    const Tensor3 w_uv = torch::narrow(rows, 1, nope, v);
    return {w_uk, w_uv};
}
