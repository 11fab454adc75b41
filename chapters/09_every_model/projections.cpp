#include "chapters/09_every_model/projections.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ch9 {
namespace {

Tensor4 split_heads(const Tensor3& x, std::size_t heads, std::size_t head_dim) {
    return torch::view<4>(x, {x.shape(0), x.shape(1), heads, head_dim});
}

// Qwen3-Next: each head has its query and then its gate.
std::pair<Tensor4, Tensor4> query_and_gate(const Tensor3& x, const Recipe& recipe) {
    const Tensor4 both = split_heads(x, recipe.n_heads, 2 * recipe.head_dim);
    return {torch::narrow(both, 3, 0, recipe.head_dim),
            torch::narrow(both, 3, recipe.head_dim, recipe.head_dim)};
}

Projected separate(const Tensor3& x, const Weights& weights, const Recipe& recipe) {
    Projected projected;
    const Tensor3 q = linear(x, weights.q, recipe.conv1d);
    if (recipe.output_gate) {
        std::tie(projected.q, projected.gate) = query_and_gate(q, recipe);
    } else {
        projected.q = split_heads(q, recipe.n_heads, recipe.head_dim);
    }
    projected.k = split_heads(linear(x, weights.k, recipe.conv1d), recipe.n_kv_heads, recipe.head_dim);
    projected.v = split_heads(linear(x, weights.v, recipe.conv1d), recipe.n_kv_heads, recipe.head_dim);
    return projected;
}

// One product. Its columns are all queries, then all keys, then all values.
Projected blocks(const Tensor3& x, const Weights& weights, const Recipe& recipe) {
    const std::size_t q_width = recipe.n_heads * recipe.head_dim,
                      kv_width = recipe.n_kv_heads * recipe.head_dim;
    const Tensor3 qkv = linear(x, weights.qkv, recipe.conv1d);
    const auto part = [&](std::size_t start, std::size_t width) {
        return split_heads(torch::narrow(qkv, 2, start, width), width / recipe.head_dim, recipe.head_dim);
    };
    return {part(0, q_width), part(q_width, kv_width), part(q_width + kv_width, kv_width), {}};
}

// One product. Its columns are query, key and value of head 0, then those of head 1.
Projected heads(const Tensor3& x, const Weights& weights, const Recipe& recipe) {
    const Tensor4 qkv =
        split_heads(linear(x, weights.qkv, recipe.conv1d), recipe.n_heads, 3 * recipe.head_dim);
    const auto part = [&](std::size_t which) {
        return torch::narrow(qkv, 3, which * recipe.head_dim, recipe.head_dim);
    };
    return {part(0), part(1), part(2), {}};
}

Projected projected_by(const Tensor3& x, const Weights& weights, const Recipe& recipe) {
    switch (recipe.projections) {
        case Projections::separate:
            break;
        case Projections::blocks:
            return blocks(x, weights, recipe);
        case Projections::heads:
            return heads(x, weights, recipe);
    }
    return separate(x, weights, recipe);
}

}  // namespace

Projected project(const Tensor3& x, const Weights& weights, const Recipe& recipe) {
    Projected projected = projected_by(x, weights, recipe);
    if (recipe.clip_qkv) {
        for (Tensor4* tensor : {&projected.q, &projected.k, &projected.v}) {
            for (float& value : *tensor) value = std::clamp(value, -*recipe.clip_qkv, *recipe.clip_qkv);
        }
    }
    return projected;
}

Tensor3 linear(const Tensor3& x, const ch2::Linear& layer, bool conv1d) {
    if (!conv1d) return layer(x);
    const Tensor3 product = torch::matmul(x, layer.weight);
    if (!layer.bias) return product;
    return product + *layer.bias;
}

}  // namespace ch9
