// Bug 8: a window's width is given to a library that counts without the token itself, and on both sides.
// T = tokens, S = keys
#include <optional>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_8 {

Matrix weights_under(const ch3::MaskMatrix& mask, const Matrix& scores) {
    return ch3::masked_softmax(ch3::masked_fill(scores, mask, ch3::True::hides));
}

Matrix causal(const Matrix& scores) {
    return weights_under(ch5::future_mask(scores.shape(0), 0), scores);
}

// A library's window: query i sees the `left` keys before key i, key i, and the `right` keys after it.
Matrix windowed(const Matrix& scores, std::size_t left, std::size_t right) {
    ch3::MaskMatrix mask = ch5::future_mask(scores.shape(0), 0);
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        for (std::size_t j = 0; j < scores.shape(1); ++j) mask(i, j) = j + left < i || j > i + right;
    }
    return weights_under(mask, scores);
}

// scores (T, T) -> (T, T). A window of `width` keys includes the token's own.
Matrix shipped(const Matrix& scores, std::optional<std::size_t> width) {
    if (!width) return causal(scores);
    return windowed(scores, *width, *width);
}

Matrix repaired(const Matrix& scores, std::optional<std::size_t> width) {
    if (!width) return causal(scores);
    return windowed(scores, *width - 1, 0);
}

bug::Bug tell() {
    const Matrix scores = xt::zeros<float>({4, 4});
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::optional<std::size_t> width) -> bug::Fixture {
        return {title, why, {}, shipped(scores, width), repaired(scores, width)};
    };
    return {
        .title = "A window's width given as window_left, and on both sides",
        .threads = {"zml/zml#763", "huggingface/transformers#39408"},
        .story =
            "A library counts window_left without the token itself. A window of W keys is window_left = W - 1 "
            "and nothing on the right. The whole width was given, and both sides were set.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly =
            fixture("the window is off",
                    "Without a window, the call with the two numbers is never made. All scores are 0, so "
                    "a query that sees n keys gives each the weight 1/n.",
                    std::nullopt),
        .unfriendly =
            fixture("4 tokens, a window of 2",
                    "The first token already sees two tokens of the future. The last one sees one key "
                    "too many on its left.",
                    2)};
}

}  // namespace bug_8
