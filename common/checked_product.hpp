// The product of sizes that come from a file. A file may claim any numbers.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>

// The product of all factors, or std::nullopt if it does not fit into a std::size_t. The product of no
// factors is 1. One factor of 0 makes the product 0, however large the others are. `factors` is a list in
// braces or a container of sizes.
template <class Sizes = std::initializer_list<std::size_t>>
constexpr std::optional<std::size_t> checked_product(const Sizes& factors) {
    bool fits = true;
    std::size_t product = 1;
    for (const std::size_t factor : factors) {
        if (factor == 0) return 0;
        fits = fits && product <= std::numeric_limits<std::size_t>::max() / factor;
        product *= factor;
    }
    return fits ? std::optional(product) : std::nullopt;
}
