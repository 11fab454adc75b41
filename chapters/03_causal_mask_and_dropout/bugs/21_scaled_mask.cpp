// Bug 21: an additive mask is added before the scale, so it is scaled too.
// T = tokens, S = keys
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_21 {

constexpr float inf = std::numeric_limits<float>::infinity();

// scores and an additive mask, both (T, S) -> (T, S)
Matrix shipped(const Matrix& scores, const Matrix& mask, float root) {
    const Matrix biased = scores + mask;
    const Matrix scaled = biased / root;
    return ch1::softmax(scaled);
}

Matrix repaired(const Matrix& scores, const Matrix& mask, float root) {
    const Matrix scaled = scores / root;
    const Matrix biased = scaled + mask;
    return ch1::softmax(biased);
}

bug::Bug tell() {
    const Matrix scores = {{8.0f, -4.0f, 4.0f}, {4.0f, 8.0f, 8.0f}, {-8.0f, 4.0f, 12.0f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             const Matrix& mask) -> bug::Fixture {
        const float root_d_k = bug::root(64);
        return {title,
                why,
                {{"scores", scores, {"T", "S"}}, {"mask", mask, {"T", "S"}}},
                shipped(scores, mask, root_d_k),
                repaired(scores, mask, root_d_k)};
    };
    return {
        .title = "An additive mask scaled along with the scores",
        .threads = {"tenstorrent/tt-metal#55333"},
        .story =
            "An additive mask was added to the scores before the scale, so the scale divided it too: a bias of "
            "-5 became -0.6. The mask must be added after the scale.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly = fixture("a mask of 0 and -inf", "d_k is 64. 0 / 8 is 0, and -inf / 8 is -inf.",
                            Matrix{{0.0f, -inf, -inf}, {0.0f, 0.0f, -inf}, {0.0f, 0.0f, 0.0f}}),
        .unfriendly =
            fixture("a bias of -5", "d_k is 64. The bias of -5 becomes -5 / 8, so it masks hardly anything.",
                    Matrix{{0.0f, -5.0f, -5.0f}, {0.0f, 0.0f, -5.0f}, {0.0f, 0.0f, 0.0f}})};
}

}  // namespace bug_21
