// Bug 1: the scale comes from a variable that an earlier cell left behind.
// H = heads, T = tokens, S = keys
#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_1 {

// What an earlier cell left behind: keys of width 2.
const Matrix keys = {{0.3f, 0.1f}, {0.2f, -0.4f}, {0.5f, 0.6f}};

Tensor3 mask_future(const Tensor3& scores) {
    return ch3::masked_fill(scores, ch3::future_mask(scores.shape(1)), ch3::True::hides);
}

// (H, T, d), (H, S, d) -> (H, T, S)
Tensor3 shipped(const Tensor3& queries, const Tensor3& head_keys) {
    const Tensor3 scores = torch::matmul_transposed(queries, head_keys);
    const Tensor3 masked = mask_future(scores);
    const Tensor3 scaled = masked / bug::root(keys.shape(1));
    return ch3::masked_softmax(scaled);
}

Tensor3 repaired(const Tensor3& queries, const Tensor3& head_keys) {
    const Tensor3 scores = torch::matmul_transposed(queries, head_keys);
    const Tensor3 masked = mask_future(scores);
    const Tensor3 scaled = masked / bug::root(head_keys.shape(2));
    return ch3::masked_softmax(scaled);
}

bug::Bug tell() {
    const Tensor3 queries = {{{1.0f}, {-2.0f}, {1.5f}}, {{0.5f}, {2.0f}, {-1.0f}}};
    const Tensor3 head_keys = {{{0.5f}, {1.0f}, {-1.0f}}, {{2.0f}, {-0.5f}, {1.0f}}};
    const std::vector<bug::Given> given = {{"queries", queries, {"H", "T", "head_dim"}},
                                           {"head_keys", head_keys, {"H", "S", "head_dim"}}};
    const Tensor3 wrong = shipped(queries, head_keys), right = repaired(queries, head_keys);
    return {
        .title = "A scale from a variable that an earlier cell left behind",
        .threads = {"the notebook's own cell 30"},
        .story =
            "The notebook's multi-head attention divides its scores by the square root of a width. It reads the "
            "width from a global variable of an earlier cell, so it divides by sqrt(2) instead of 1. Python "
            "finds the old variable and reports no error.",
        .letters = "H heads, T tokens, S keys",
        .result = "attn_weights",
        .axes = {"H", "T", "S"},
        .friendly =
            {"row 0 alone",
             "A test that looks only at the shape, or only at the first token, cannot see the scale: the "
             "first token attends to itself alone, with a weight of 1.",
             given, torch::narrow(wrong, 1, 0, 1), torch::narrow(right, 1, 0, 1)},
        .unfriendly = {"every row",
                       "From the second token on, softmax compares several scores, and the scale matters.",
                       given, wrong, right}};
}

}  // namespace bug_1
