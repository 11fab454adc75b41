// Bug 6: the mask comes after softmax, and its value has the wrong sign.
// T = tokens, S = keys
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_6 {

constexpr float mask_value = -std::numeric_limits<float>::infinity();

// `mask` (T, S) is True where the key is masked.
Matrix shipped(const Matrix& scores, const ch3::MaskMatrix& mask) {
    const Matrix weights = ch1::softmax(scores);
    return xt::where(mask, -mask_value, weights);
}

Matrix repaired(const Matrix& scores, const ch3::MaskMatrix& mask) {
    const Matrix masked = xt::where(mask, mask_value, scores);
    return ch3::masked_softmax(masked);
}

bug::Bug tell() {
    const Matrix scores = {{1.0f, -0.5f, 0.5f}, {0.5f, 2.0f, -1.0f}, {-1.0f, 0.5f, 1.5f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             const ch3::MaskMatrix& mask) -> bug::Fixture {
        return {title,
                why,
                {{"scores", scores, {"T", "S"}}, {"mask", mask, {"T", "S"}}},
                shipped(scores, mask),
                repaired(scores, mask)};
    };
    return {
        .title = "A mask after softmax, with -(-inf)",
        .threads = {"lucidrains/memory-compressed-attention#2"},
        .story =
            "The mask was applied after softmax, with -(-inf) as its value. That is +inf, the largest weight "
            "of all. The mask belongs before softmax, with -inf: exp(-inf) is 0.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly =
            fixture("nothing is masked", "A mask that is False everywhere changes no number.",
                    ch3::MaskMatrix{{false, false, false}, {false, false, false}, {false, false, false}}),
        .unfriendly =
            fixture("the causal mask",
                    "Every future token gets the weight inf. The other weights still are those of all "
                    "keys, so the rows do not sum to 1 without it either.",
                    ch3::future_mask(3))};
}

}  // namespace bug_6
