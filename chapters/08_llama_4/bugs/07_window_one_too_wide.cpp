// Bug 7: a sliding window with one key too many.
// A sliding window of width W shows a query W keys: its own and the W - 1 before it. Unlike a chunk, it moves
// with the query. T = tokens, S = keys
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_7 {

Matrix weights_under(const ch3::MaskMatrix& mask, const Matrix& scores) {
    return ch3::masked_softmax(ch3::masked_fill(scores, mask, ch3::True::hides));
}

// scores (T, T) -> (T, T)
Matrix shipped(const Matrix& scores, std::size_t window) {
    ch3::MaskMatrix mask = ch5::future_mask(scores.shape(0), 0);
    for (std::size_t i = 0; i < scores.shape(0); ++i)
        for (std::size_t j = 0; j < i; ++j) mask(i, j) = i - j > window;
    return weights_under(mask, scores);
}

Matrix repaired(const Matrix& scores, std::size_t window) {
    ch3::MaskMatrix mask = ch5::future_mask(scores.shape(0), 0);
    for (std::size_t i = 0; i < scores.shape(0); ++i)
        for (std::size_t j = 0; j < i; ++j) mask(i, j) = i - j >= window;
    return weights_under(mask, scores);
}

bug::Bug tell() {
    const Matrix scores = xt::zeros<float>({4, 4});
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t window) -> bug::Fixture {
        return {title, why, {}, shipped(scores, window), repaired(scores, window)};
    };
    return {
        .title = "A sliding window that is one key too wide",
        .threads = {"huggingface/transformers#26792", "vllm-project/vllm#3385"},
        .story =
            "A sliding window of width W shows a query W keys: its own and the W - 1 before it. The windows of "
            "these projects were one key too wide, or one key too narrow. Here it is one too wide.",
        .letters = "T tokens, S keys",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly =
            fixture("4 tokens, a window of 4",
                    "All scores are 0, so a query that sees n keys gives each the weight 1/n. The text is "
                    "not longer than the window, so no key leaves it.",
                    4),
        .unfriendly = fixture("4 tokens, a window of 2",
                              "All scores are 0 again. From token 2 on, the shipped rows have three keys "
                              "of weight 1/3; a window of 2 has two keys of weight 1/2.",
                              2)};
}

}  // namespace bug_7
