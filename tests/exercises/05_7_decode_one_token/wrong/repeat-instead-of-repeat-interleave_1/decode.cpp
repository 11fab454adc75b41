#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/tensor.hpp"

// The attention of one new token. queries (B, H, head_dim), keys and values (B, S, H_kv, head_dim)
// -> head_context (B, H, head_dim). H is a multiple of H_kv.
Tensor3 decode_one_token(const Tensor3& queries, const Tensor4& keys, const Tensor4& values) {
    Tensor3 head_context = xt::zeros_like(queries);
    const std::size_t batch = queries.shape(0), heads = queries.shape(1), head_dim = queries.shape(2);
    const std::size_t tokens = keys.shape(1);
    for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t h = 0; h < heads; ++h) {
            Vector scores = Vector::from_shape({tokens});
            for (std::size_t s = 0; s < tokens; ++s) {
                float score = 0.0f;
                for (std::size_t d = 0; d < head_dim; ++d)
                    score += queries(b, h, d) * keys(b, s, h % keys.shape(2), d);
                scores(s) = score / std::sqrt(static_cast<float>(head_dim));
            }
            const Vector weights = ch1::softmax(scores);
            for (std::size_t s = 0; s < tokens; ++s) {
                for (std::size_t d = 0; d < head_dim; ++d)
                    head_context(b, h, d) += weights(s) * values(b, s, h % keys.shape(2), d);
            }
        }
    }
    return head_context;
}
