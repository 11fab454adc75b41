// What people get wrong in this chapter, for --compare: each entry computes the tensors as the mistake does.
#pragma once
#include <string>
#include <vector>

#include "chapters/02_trainable_weights/attention.hpp"
#include "common/compare/mistake.hpp"

namespace ch2 {

Mistakes mistakes();

// The other orders in which the three layers may be made. Which of the draws each of them gets: {1, 0, 2} is
// W_key first, then W_query, then W_value.
struct DrawOrder {
    std::size_t query, key, value;
};
std::vector<DrawOrder> other_draw_orders();

// "W_key, W_query, W_value"
std::string in_words(const DrawOrder& order);

// The same draws, given to the layers in another order.
template <class ThreeLayers>
ThreeLayers redrawn(const ThreeLayers& layers, const DrawOrder& order) {
    const std::vector drawn = {layers.query, layers.key, layers.value};
    return {drawn[order.query], drawn[order.key], drawn[order.value]};
}

}  // namespace ch2
