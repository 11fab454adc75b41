#include "chapters/06_rotary_position_embedding/layouts.hpp"

namespace ch6 {
namespace {

// Row r of each head comes from row source(r, head_dim) of the same head.
template <class Source>
Matrix permute_rows(const Matrix& weight, std::size_t n_heads, Source source) {
    const std::size_t head_dim = weight.shape(0) / n_heads;
    Matrix permuted = xt::empty_like(weight);
    for (std::size_t h = 0; h < n_heads; ++h) {
        for (std::size_t r = 0; r < head_dim; ++r) {
            xt::view(permuted, h * head_dim + r) = torch::select(weight, h * head_dim + source(r, head_dim));
        }
    }
    return permuted;
}

}  // namespace

Matrix to_half_split(const Matrix& interleaved_weight, std::size_t n_heads) {
    // Rows 0 2 4 ... become the first half, rows 1 3 5 ... the second half.
    return permute_rows(interleaved_weight, n_heads, [](std::size_t r, std::size_t head_dim) {
        const std::size_t half = head_dim / 2;
        return r < half ? 2 * r : 2 * (r - half) + 1;
    });
}

Matrix to_interleaved(const Matrix& half_split_weight, std::size_t n_heads) {
    return permute_rows(half_split_weight, n_heads, [](std::size_t r, std::size_t head_dim) {
        return r % 2 == 0 ? r / 2 : head_dim / 2 + r / 2;
    });
}

ch2::Linear to_interleaved(const ch2::Linear& half_split, std::size_t n_heads) {
    ch2::Linear interleaved{to_interleaved(half_split.weight, n_heads), std::nullopt};
    if (half_split.bias) {
        const Matrix column = torch::view<2>(*half_split.bias, {half_split.bias->size(), 1});
        interleaved.bias = torch::view<1>(to_interleaved(column, n_heads), {column.size()});
    }
    return interleaved;
}

}  // namespace ch6
