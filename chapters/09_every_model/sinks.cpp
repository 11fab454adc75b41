#include "chapters/09_every_model/sinks.hpp"

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"

namespace ch9 {

Tensor4 softmax_with_sinks(const Tensor4& masked, const Vector& sinks) {
    const std::size_t keys = masked.shape(3);
    Tensor4 longer = Tensor4::from_shape({masked.shape(0), masked.shape(1), masked.shape(2), keys + 1});
    xt::view(longer, xt::all(), xt::all(), xt::all(), xt::range(std::size_t{0}, keys)) = masked;
    for (std::size_t h = 0; h < masked.shape(1); ++h) {
        xt::view(longer, xt::all(), h, xt::all(), keys) = sinks(h);
    }
    return torch::narrow(ch3::masked_softmax(longer), 3, 0, keys);
}

}  // namespace ch9
