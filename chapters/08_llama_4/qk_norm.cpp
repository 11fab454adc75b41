#include "chapters/08_llama_4/qk_norm.hpp"

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

namespace ch8 {

Tensor4 qk_norm(const Tensor4& x, float eps) {
    const Vector ones = xt::ones<float>({x.shape(3)});
    return qk_norm(x, ones, eps);
}

Tensor4 qk_norm(const Tensor4& x, const Vector& weight, float eps) {
    // RMSNorm of chapter 7, with a head in the place of a token.
    const Tensor3 heads = torch::view<3>(x, {x.shape(0), x.shape(1) * x.shape(2), x.shape(3)});
    return torch::view<4>(ch7::rms_norm(heads, weight, eps), x.shape());
}

}  // namespace ch8
