#include "chapters/04_multi_head_attention/heads.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ch4 {
namespace {

std::size_t head_dim_of(const Tensor3& x, std::size_t n_heads) {
    const std::size_t d_out = x.shape(2);
    if (n_heads == 0 || d_out % n_heads != 0) {
        throw std::invalid_argument(fmt::format("d_out = {} cannot be split into {} heads", d_out, n_heads));
    }
    return d_out / n_heads;
}

}  // namespace

Tensor4 split_heads(const Tensor3& x, std::size_t n_heads) {
    // First split each token's row into heads, then move the heads before the tokens.
    const Tensor4 cut = torch::view<4>(x, {x.shape(0), x.shape(1), n_heads, head_dim_of(x, n_heads)});
    return torch::transpose(cut, 1, 2);
}

Tensor4 split_heads_by_view_alone(const Tensor3& x, std::size_t n_heads) {
    return torch::view<4>(x, {x.shape(0), n_heads, x.shape(1), head_dim_of(x, n_heads)});
}

Tensor3 combine_heads(const Tensor4& x) {
    const Tensor4 tokens_first = torch::transpose(x, 1, 2);
    return torch::view<3>(tokens_first, {x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
}

}  // namespace ch4
