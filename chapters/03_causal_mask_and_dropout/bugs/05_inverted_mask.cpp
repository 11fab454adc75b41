// Bug 5: a mask whose True hides goes to a function whose True keeps.
// T = tokens, S = keys
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_5 {

using Mask = ch3::MaskMatrix;

// The part of F.scaled_dot_product_attention that reads the mask: True keeps.
Matrix library_weights(const Matrix& scores, const Mask& mask) {
    return ch3::masked_softmax(ch3::masked_fill(scores, mask, ch3::True::keeps));
}

// `padded` (T, S) is True where the key is padding.
Matrix shipped(const Matrix& scores, const Mask& padded) {
    if (!xt::any(padded)) return ch1::softmax(scores);
    return library_weights(scores, padded);
}

Matrix repaired(const Matrix& scores, const Mask& padded) {
    if (!xt::any(padded)) return ch1::softmax(scores);
    return library_weights(scores, !padded);
}

bug::Bug tell() {
    const Matrix scores = {{1.0f, -0.5f, 0.5f}, {0.5f, 2.0f, -1.0f}, {-1.0f, 0.5f, 1.5f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             const Mask& padded) -> bug::Fixture {
        return {title,
                why,
                {{"scores", scores, {"T", "S"}}, {"padded", padded, {"T", "S"}}},
                shipped(scores, padded),
                repaired(scores, padded)};
    };
    return {
        .title = "An inverted mask: True hides here and keeps there",
        .threads = {"InseeFrLab/torchTextClassifiers#92"},
        .story =
            "The mask was True for padding. It went to scaled_dot_product_attention, where True means that a "
            "key is kept. So attention sees the padding instead of the text.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly = fixture("nothing is padded",
                            "A text without padding gets no mask here, so its meaning is never tested.",
                            Mask{{false, false, false}, {false, false, false}, {false, false, false}}),
        .unfriendly =
            fixture("the last key is padding", "All weight goes to the padding, and every real key gets 0.",
                    Mask{{false, false, true}, {false, false, true}, {false, false, true}})};
}

}  // namespace bug_5
