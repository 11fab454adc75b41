// A product of sizes that come from a file, which may be any numbers.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>

// All factors multiplied: 1 where there are none, nothing where the product does not fit into a std::size_t.
// One factor of 0 makes the product 0, however large the others are. Takes a list in braces or a container of
// sizes.
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
