// The common mistakes of this chapter, for --compare. Each entry computes the tensors with the mistake.
#pragma once
#include <string>
#include <vector>

#include "chapters/02_trainable_weights/attention.hpp"
#include "common/compare/mistake.hpp"

namespace ch2 {

Mistakes mistakes();

// The other orders in which you can construct the three layers. Each number says which draws a layer gets:
// {1, 0, 2} is W_key first, then W_query, then W_value.
struct DrawOrder {
    std::size_t query, key, value;
};
std::vector<DrawOrder> other_draw_orders();

// "W_key, W_query, W_value"
std::string in_words(const DrawOrder& order);

// The same draws, assigned to the layers in another order.
template <class ThreeLayers>
ThreeLayers redrawn(const ThreeLayers& layers, const DrawOrder& order) {
    const std::vector drawn = {layers.query, layers.key, layers.value};
    return {drawn[order.query], drawn[order.key], drawn[order.value]};
}

}  // namespace ch2
