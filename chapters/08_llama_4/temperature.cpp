#include "chapters/08_llama_4/temperature.hpp"

#include <cmath>

namespace ch8 {

Vector temperature(std::size_t start_pos, std::size_t tokens, float floor_scale, float attn_scale) {
    Vector factors = Vector::from_shape({tokens});
    for (std::size_t t = 0; t < tokens; ++t) {
        const auto count = static_cast<float>(start_pos + t + 1);  // the tokens so far
        factors(t) = std::log(std::floor(count / floor_scale) + 1.0f) * attn_scale + 1.0f;
    }
    return factors;
}

Tensor4 scale_queries(const Tensor4& xq, const Vector& factors) {
    return xq * xt::reshape_view(factors, {std::size_t{1}, factors.size(), std::size_t{1}, std::size_t{1}});
}

}  // namespace ch8
