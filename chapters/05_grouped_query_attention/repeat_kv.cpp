#include "chapters/05_grouped_query_attention/repeat_kv.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace ch5 {
namespace {

// Head `h` of the result is head `source(h)` of x.
Tensor4 gather_heads(const View4& x, std::size_t heads,
                     const std::function<std::size_t(std::size_t)>& source) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), head_dim = x.shape(3);
    Tensor4 gathered = Tensor4::from_shape({batch, tokens, heads, head_dim});
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t h = 0; h < heads; ++h) {
                std::copy_n(x.row(b, t, source(h)), head_dim, &gathered(b, t, h, 0));
            }
        }
    }
    return gathered;
}

// The strides of a tensor in row-major order.
Shape row_major_strides(const Shape& shape) {
    Shape strides(shape.size(), 1);
    for (std::size_t axis = shape.size() - 1; axis-- > 0;)
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    return strides;
}

}  // namespace

Tensor4 repeat_kv(const View4& x, std::size_t n_rep) {
    return gather_heads(x, x.shape(2) * n_rep, [n_rep](std::size_t h) { return h / n_rep; });
}

Tensor4 tile_kv(const View4& x, std::size_t n_rep) {
    const std::size_t kv_heads = x.shape(2);
    return gather_heads(x, kv_heads * n_rep, [kv_heads](std::size_t h) { return h % kv_heads; });
}

std::vector<LayoutStep> repeat_kv_layouts(const Shape& shape, std::size_t n_rep) {
    const Shape strides = row_major_strides(shape);
    const std::size_t batch = shape[0], tokens = shape[1], kv_heads = shape[2], head_dim = shape[3];

    // A new axis of size 1, then of size n_rep with stride 0: the same keys are read n_rep times.
    const Shape with_axis = {batch, tokens, kv_heads, 1, head_dim};
    const Shape expanded = {batch, tokens, kv_heads, n_rep, head_dim};
    const Shape expanded_strides = {strides[0], strides[1], strides[2], 0, strides[3]};

    // No strides can express "head h / n_rep", so merging the two axes has to copy.
    const Shape merged = {batch, tokens, kv_heads * n_rep, head_dim};
    const std::size_t elements =
        std::accumulate(merged.begin(), merged.end(), std::size_t{1}, std::multiplies<>());
    return {{"x", shape, strides, 0},
            {"x[:, :, :, None, :]", with_axis, row_major_strides(with_axis), 0},
            {"expand", expanded, expanded_strides, 0},
            {"reshape", merged, row_major_strides(merged), n_rep == 1 ? 0 : elements * sizeof(float)}};
}

}  // namespace ch5
