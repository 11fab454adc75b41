// Bug 22: a helper that repeats axis 1 gets a layout whose axis 1 is the tokens.
// B = sequences, T = tokens, K = key heads, H = query heads
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_22 {

// A library's helper, which expects the heads before the tokens: (B, K, T, head_dim) -> (B, H, T, head_dim)
Tensor4 repeat_heads(const Tensor4& x, std::size_t n_rep) {
    const Tensor4 tokens_first = torch::transpose(x, 1, 2);
    return torch::transpose(ch5::repeat_kv(tokens_first, n_rep), 1, 2);
}

// keys (B, T, K, head_dim) -> (B, T, H, head_dim)
Tensor4 shipped(const Tensor4& keys, std::size_t n_rep) {
    return repeat_heads(keys, n_rep);
}

Tensor4 repaired(const Tensor4& keys, std::size_t n_rep) {
    const Tensor4 heads_first = torch::transpose(keys, 1, 2);
    const Tensor4 repeated = repeat_heads(heads_first, n_rep);
    return torch::transpose(repeated, 1, 2);
}

bug::Bug tell() {
    const Tensor4 keys = {{{{1.0f, -2.0f}, {5.0f, 6.0f}}, {{3.0f, 0.5f}, {-7.0f, 8.0f}}}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t n_rep) -> bug::Fixture {
        return {title,
                why,
                {{"keys", keys, {"B", "T", "K", "head_dim"}}},
                shipped(keys, n_rep),
                repaired(keys, n_rep)};
    };
    return {
        .title = "Heads repeated along the tokens",
        .threads = {"PrimeIntellect-ai/prime-rl#2681", "ByteDance-Seed/VeOmni#162"},
        .story =
            "A helper repeats key heads along axis 1. It expects (B, H, T, d). The layout here is (B, T, H, d), so "
            "it repeated the tokens.",
        .letters = "B sequences, T tokens, K key heads, H query heads",
        .result = "keys for all query heads",
        .axes = {"B", "T", "H", "head_dim"},
        .friendly =
            fixture("as many key heads as query heads", "Each head is repeated once, so nothing changes.", 1),
        .unfriendly =
            fixture("2 key heads, 4 query heads",
                    "The shipped version repeats each of the 2 tokens, and the heads stay as they are.", 2)};
}

}  // namespace bug_22
