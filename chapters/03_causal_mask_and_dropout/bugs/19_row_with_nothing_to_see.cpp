// Bug 19: a row whose keys are all masked gives NaN in one backend and zeros in another.
// T = tokens, S = keys
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_19 {

// `mask` (T, S) is True where the key is masked.
Matrix shipped(const Matrix& scores, const ch3::MaskMatrix& mask) {
    Matrix masked = ch3::masked_fill(scores, mask, ch3::True::hides);
    return ch1::softmax(masked);
}

Matrix repaired(const Matrix& scores, const ch3::MaskMatrix& mask) {
    Matrix masked = ch3::masked_fill(scores, mask, ch3::True::hides);
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
        .title = "A row with nothing to see: NaN here, zeros there",
        .threads = {"pytorch/pytorch#103749", "tracel-ai/burn#4697"},
        .story =
            "Padding can mask every key of a row. One backend then gave NaN, and another gave zeros. Softmax "
            "computes -inf - (-inf), which is NaN. Chapter 3's masked_softmax gives zeros.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly = fixture("no padding", "With the causal mask alone, each token sees at least itself.",
                            ch3::future_mask(3)),
        .unfriendly =
            fixture("the first token is padding",
                    "The first token may see only itself, and it is padding: nothing is left to see.",
                    ch3::MaskMatrix{{true, true, true}, {true, false, true}, {true, false, false}})};
}

}  // namespace bug_19
