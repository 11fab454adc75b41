#include "chapters/08_llama_4/images.hpp"

#include <stdexcept>

namespace ch8 {

Tensor3 merge_images(const Tensor3& h, const Images& images) {
    const Tensor3 projected = images.vision_projection(images.embedding);
    if (projected.shape() != h.shape() || images.mask.shape(0) != h.shape(0) ||
        images.mask.shape(1) != h.shape(1)) {
        throw std::invalid_argument(
            "merge_images: embedding and mask need a row for each token, and the projection the width dim");
    }
    Tensor3 merged = h;
    for (std::size_t b = 0; b < h.shape(0); ++b) {
        for (std::size_t t = 0; t < h.shape(1); ++t) {
            if (images.mask(b, t)) xt::view(merged, b, t) = xt::view(projected, b, t);
        }
    }
    return merged;
}

}  // namespace ch8
