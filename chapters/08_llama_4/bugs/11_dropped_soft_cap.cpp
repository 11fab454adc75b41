// Bug 11: a soft cap goes to a call that drops it.
// A soft cap bounds the scores smoothly, before softmax: cap * tanh(score / cap) stays between -cap and cap.
// T = tokens, S = keys
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_11 {

// A call with an option that it does not use.
Matrix weights_of(const Matrix& scores, [[maybe_unused]] float soft_cap) {
    return ch1::softmax(scores);
}

// scores (T, S) -> (T, S)
Matrix shipped(const Matrix& scores, float soft_cap) {
    return weights_of(scores, soft_cap);  // takes the cap and drops it
}

Matrix repaired(const Matrix& scores, float soft_cap) {
    const Matrix capped = soft_cap * xt::tanh(scores / soft_cap);
    return ch1::softmax(capped);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Matrix& scores) {
    return {title, why, {{"scores", scores, {"T", "S"}}}, shipped(scores, 5.0f), repaired(scores, 5.0f)};
}

bug::Bug tell() {
    return {
        .title = "A soft cap that a call drops",
        .threads = {"sgl-project/sglang#33915"},
        .story =
            "Some models bound their scores with a soft cap: cap * tanh(score / cap). The cap was given to a "
            "call that drops it. The results had a cosine of 0.59 with the right ones.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly =
            fixture("small scores", "The cap is 5. For a score near 0, 5 tanh(score / 5) is the score.",
                    Matrix{{0.02f, -0.03f, 0.01f}, {-0.02f, 0.04f, 0.03f}}),
        .unfriendly = fixture("large scores", "The cap is 5 again. It turns 7 into 4.4, and 4 into 3.3.",
                              Matrix{{7.0f, 4.0f, 3.0f}, {-1.0f, 3.0f, 2.0f}})};
}

}  // namespace bug_11
