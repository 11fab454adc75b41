// Bug 14: the offset of the positions grows by the prompt's length after every call.
// T = tokens
#include <vector>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/06_rotary_position_embedding/bugs/rotate_rows.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_14 {

// Rotates `tokens` rows of keys (T, head_dim) from row `start` on. The first one is at position `offset`.
void rotate_piece(Matrix& keys, std::size_t start, std::size_t tokens, std::size_t offset) {
    const Matrix piece = torch::narrow(keys, 0, start, tokens);
    xt::view(keys, xt::range(start, start + tokens)) = bug::rotate_neighbours(piece, offset);
}

// keys (T, head_dim) -> (T, head_dim): the prompt at once, then token after token
Matrix shipped(Matrix keys, std::size_t prompt) {
    std::size_t start = 0, offset = 0;
    for (auto tokens : ch5::prefill_then_tokens(keys.shape(0), prompt)) {
        rotate_piece(keys, start, tokens, offset);
        start += tokens;
        offset += prompt;
    }
    return keys;
}

Matrix repaired(Matrix keys, std::size_t prompt) {
    std::size_t start = 0, offset = 0;
    for (auto tokens : ch5::prefill_then_tokens(keys.shape(0), prompt)) {
        rotate_piece(keys, start, tokens, offset);
        start += tokens;
        offset += tokens;
    }
    return keys;
}

bug::Bug tell() {
    const Matrix keys = {{1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t prompt) -> bug::Fixture {
        return {title, why, {}, shipped(keys, prompt), repaired(keys, prompt)};
    };
    return {
        .title = "An offset that grows by the prompt's length again",
        .threads = {"skyzh/tiny-llm#46"},
        .story =
            "The model processes a prompt at once, and then token after token. An offset says at which position "
            "a call starts. After the prompt, the offset grew by the prompt's length again, where it must "
            "grow by one token.",
        .letters = "T tokens",
        .result = "rotated keys",
        .axes = {"T", "head_dim"},
        .friendly =
            fixture("a prompt of one token",
                    "Every key is (1, 0) before the rotation, so a row shows the cosine and the sine of its "
                    "position. A prompt of one token is as long as each later piece.",
                    1),
        .unfriendly =
            fixture("a prompt of 3 tokens",
                    "Every key is (1, 0) again. Token 3, the first one after the prompt, still is right. "
                    "Token 4 is at position 6.",
                    3)};
}

}  // namespace bug_14
