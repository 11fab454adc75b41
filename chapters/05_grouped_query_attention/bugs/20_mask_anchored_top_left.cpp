// Bug 20: with a cache, the causal mask is anchored at the top left, and -1e30 stands for -inf.
// T = new tokens, S = all tokens
#include <limits>
#include <vector>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_20 {

using Padding = std::vector<bool>;  // S, True for padding

constexpr float inf = std::numeric_limits<float>::infinity();

// Writes `value` over each score whose key is padding, or later than the query at position first + t.
Matrix masked_by(float value, Matrix scores, const Padding& padding, std::size_t first) {
    for (std::size_t t = 0; t < scores.shape(0); ++t) {
        for (std::size_t s = 0; s < scores.shape(1); ++s) {
            if (s > first + t || padding[s]) scores(t, s) = value;
        }
    }
    return scores;
}

// scores (T, S) -> (T, S)
Matrix shipped(const Matrix& scores, const Padding& padding) {
    const std::size_t first = 0;
    const Matrix masked = masked_by(-1e30f, scores, padding, first);
    return ch1::softmax(masked);
}

Matrix repaired(const Matrix& scores, const Padding& padding) {
    const std::size_t first = scores.shape(1) - scores.shape(0);
    const Matrix masked = masked_by(-inf, scores, padding, first);
    return ch3::masked_softmax(masked);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Matrix& scores,
                     const Padding& padding) {
    return {title,
            why,
            {{"scores", scores, {"T", "S"}}, {"padding", AnyTensor({padding.size()}, padding), {"S"}}},
            shipped(scores, padding),
            repaired(scores, padding)};
}

bug::Bug tell() {
    return {
        .title = "A causal mask anchored top left, with -1e30",
        .threads = {"microsoft/onnxruntime#28904"},
        .story =
            "With a cache, the first new token is at position start_pos, and the causal mask starts there: it is "
            "anchored bottom right. This one was anchored top left. And it masked with -1e30 instead of -inf. If every "
            "score of a row is -1e30, the row becomes the mean of all values.",
        .letters = "T new tokens, S all tokens",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly = fixture("no cache", "All tokens are new, so top left and bottom right are the same.",
                            Matrix{{1.0f, -0.5f, 0.5f}, {0.5f, 2.0f, -1.0f}, {-1.0f, 0.5f, 1.5f}},
                            {false, false, false}),
        .unfriendly = fixture(
            "2 cached tokens",
            "Key 0 is padding. Query 0 must see keys 1 and 2. The shipped mask leaves no key for "
            "it, and -1e30 makes its row the mean of all keys, the future included.",
            Matrix{{1.0f, -0.5f, 0.5f, 2.0f}, {0.5f, 2.0f, -1.0f, -0.5f}}, {true, false, false, false})};
}

}  // namespace bug_20
