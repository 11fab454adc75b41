#include <tuple>

#include "common/tensor.hpp"

// W_UK (heads, nope, c) and W_UV (heads, v, c), the two parts of wkv_b (heads * (nope + v), c).
std::tuple<Tensor3, Tensor3> split_wkv_b(const Matrix& wkv_b, std::size_t heads, std::size_t nope,
                                         std::size_t v) {
    const std::size_t c = wkv_b.shape(1);
    Tensor3 w_uk = xt::zeros<float>({heads, nope, c});
    Tensor3 w_uv = xt::zeros<float>({heads, v, c});
    for (std::size_t h = 0; h < heads; ++h) {
        for (std::size_t j = 0; j < c; ++j) {
            for (std::size_t i = 0; i < nope; ++i) w_uk(h, i, j) = wkv_b(h * nope + i, j);
            for (std::size_t i = 0; i < v; ++i) w_uv(h, i, j) = wkv_b(heads * nope + h * v + i, j);
        }
    }
    return {w_uk, w_uv};
}
