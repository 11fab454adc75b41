// Bug 23: the position grows only while the cache is on.
// T = tokens
#include "chapters/06_rotary_position_embedding/bugs/rotate_rows.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_23 {

// Rotates row t of keys (T, head_dim) as the token at `position`.
void rotate_row(Matrix& keys, std::size_t t, std::size_t position) {
    const Matrix row = torch::narrow(keys, 0, t, 1);
    xt::view(keys, xt::range(t, t + 1)) = bug::rotate_neighbours(row, position);
}

// keys (T, head_dim) -> (T, head_dim), token after token
Matrix shipped(Matrix keys, bool cache_is_on) {
    std::size_t position = 0;
    for (std::size_t t = 0; t < keys.shape(0); ++t) {
        rotate_row(keys, t, position);
        if (cache_is_on) position += 1;
    }
    return keys;
}

Matrix repaired(Matrix keys, bool /*cache_is_on*/) {
    std::size_t position = 0;
    for (std::size_t t = 0; t < keys.shape(0); ++t) {
        rotate_row(keys, t, position);
        position += 1;
    }
    return keys;
}

bug::Bug tell() {
    const Matrix keys = {{1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}, {1.0f, 0.0f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             bool cache_is_on) -> bug::Fixture {
        return {title, why, {}, shipped(keys, cache_is_on), repaired(keys, cache_is_on)};
    };
    return {
        .title = "A position that stands still without the cache",
        .threads = {"huggingface/candle#1517"},
        .story =
            "The KV cache could be switched off. Then the position stood still, and every token was rotated as "
            "if it were the first one.",
        .letters = "T tokens",
        .result = "rotated keys",
        .axes = {"T", "head_dim"},
        .friendly =
            fixture("the cache is on",
                    "Every key is (1, 0) before the rotation, so a row shows the cosine and the sine of its "
                    "position.",
                    true),
        .unfriendly =
            fixture("the cache is off", "Every key is (1, 0) again. All tokens are at position 0.", false)};
}

}  // namespace bug_23
