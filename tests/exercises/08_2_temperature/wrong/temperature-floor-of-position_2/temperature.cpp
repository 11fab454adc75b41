#include <cmath>

#include "common/tensor.hpp"

// The factor of each new token's query: (tokens). Token t of the call is at position start_pos + t.
//     ln(floor((position + 1) / floor_scale) + 1) * attn_scale + 1
Vector temperature(std::size_t start_pos, std::size_t tokens, float floor_scale, float attn_scale) {
    Vector factors = xt::ones<float>({tokens});
    for (std::size_t t = 0; t < tokens; ++t) {
        const auto count = static_cast<float>(start_pos + t);
        factors(t) = std::log(std::floor(count / floor_scale) + 1.0f) * attn_scale + 1.0f;
    }
    return factors;
}
