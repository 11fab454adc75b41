// Images: a vision tower (not part of this chapter) turns an image into vectors. A projection gives them the
// width of an embedding, and a mask says which tokens they replace.
// B = sequences in a batch, T = tokens
#pragma once
#include "chapters/02_trainable_weights/linear.hpp"
#include "common/tensor.hpp"

namespace ch8 {

struct Images {
    Tensor3 embedding;              // (B, T, vision width); rows that the mask leaves out are not used
    xt::xtensor<bool, 2> mask;      // (B, T), True where an image stands in place of a word
    ch2::Linear vision_projection;  // (dim, vision width)
};

// h * ~mask + vision_projection(embedding) * mask: (B, T, dim) -> the same. Throws std::invalid_argument if
// the shapes do not fit.
Tensor3 merge_images(const Tensor3& h, const Images& images);

}  // namespace ch8
