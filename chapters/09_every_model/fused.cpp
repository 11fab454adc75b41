#include "chapters/09_every_model/fused.hpp"

#include <vector>

namespace ch9 {
namespace {

// Takes `rows` rows of each projection in turn, until all rows are taken.
ch2::Linear interleave(const std::vector<const ch2::Linear*>& parts, const std::vector<std::size_t>& rows) {
    const std::size_t columns = parts[0]->weight.shape(1);
    std::size_t count = 0;
    for (const ch2::Linear* part : parts) count += part->weight.shape(0);
    ch2::Linear fused{Matrix::from_shape({count, columns}), {}};
    if (parts[0]->bias) fused.bias = Vector::from_shape({count});

    std::vector<std::size_t> taken(parts.size(), 0);
    for (std::size_t row = 0; row < count;) {
        for (std::size_t p = 0; p < parts.size(); ++p) {
            for (std::size_t r = 0; r < rows[p]; ++r, ++row, ++taken[p]) {
                xt::view(fused.weight, row) = xt::view(parts[p]->weight, taken[p]);
                if (fused.bias) (*fused.bias)(row) = (*parts[p]->bias)(taken[p]);
            }
        }
    }
    return fused;
}

}  // namespace

Weights fuse_by_blocks(const Weights& weights) {
    Weights fused = weights;
    fused.qkv = interleave({&weights.q, &weights.k, &weights.v},
                           {weights.q.weight.shape(0), weights.k.weight.shape(0), weights.v.weight.shape(0)});
    return fused;
}

Weights fuse_by_heads(const Weights& weights, const Recipe& recipe) {
    Weights fused = weights;
    const std::size_t d = recipe.head_dim;
    fused.qkv = interleave({&weights.q, &weights.k, &weights.v}, {d, d, d});
    return fused;
}

Weights to_conv1d(const Weights& weights) {
    Weights turned = weights;
    for (ch2::Linear* layer : {&turned.qkv, &turned.o}) {
        layer->weight = torch::transpose(layer->weight);
    }
    return turned;
}

Weights with_gate(const Weights& weights, const ch2::Linear& gate, const Recipe& recipe) {
    Weights gated = weights;
    gated.q = interleave({&weights.q, &gate}, {recipe.head_dim, recipe.head_dim});
    return gated;
}

}  // namespace ch9
