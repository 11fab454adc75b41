// Bug 4: the scale uses the width of all heads together where the width of one head belongs.
// B = sequences, T = tokens, S = keys, H = heads, d_out = H * head_dim
#include "chapters/04_multi_head_attention/heads.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_4 {

// (B, H, T, head_dim), (B, H, S, head_dim) -> (B, H, T, S), not yet scaled
Tensor4 scores_of(const Tensor4& queries, const Tensor4& keys) {
    return torch::matmul_transposed(queries, keys);
}

// (B, T, d_out), (B, S, d_out) -> (B, H, T, S)
Tensor4 shipped(const Tensor3& q, const Tensor3& k, std::size_t heads) {
    const Tensor4 queries = ch4::split_heads(q, heads);
    const Tensor4 keys = ch4::split_heads(k, heads);
    return scores_of(queries, keys) / bug::root(q.shape(2));
}

Tensor4 repaired(const Tensor3& q, const Tensor3& k, std::size_t heads) {
    const Tensor4 queries = ch4::split_heads(q, heads);
    const Tensor4 keys = ch4::split_heads(k, heads);
    return scores_of(queries, keys) / bug::root(queries.shape(3));
}

bug::Bug tell() {
    const Tensor3 q = {{{1.0f, -1.0f, 2.0f, 0.5f}, {-0.5f, 1.5f, 1.0f, -2.0f}}};
    const Tensor3 k = {{{0.5f, 1.0f, 1.0f, -1.0f}, {-1.0f, 0.5f, 0.5f, 1.0f}}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t n_heads) -> bug::Fixture {
        return {title,
                why,
                {{"q", q, {"B", "T", "d_out"}}, {"k", k, {"B", "S", "d_out"}}},
                shipped(q, k, n_heads),
                repaired(q, k, n_heads)};
    };
    return {
        .title = "A scale of the whole width instead of a head's",
        .threads = {"Graylab/DL4Proteins-notebooks#12", "omihub777/ViT-CIFAR#12"},
        .story =
            "Two projects for teaching divided the scores by the square root of the whole width d_out. Each "
            "score is a dot product of one head, so the width of a head belongs there.",
        .letters = "B sequences, H heads, T tokens, S keys, d_out = H * head_dim",
        .result = "scaled scores",
        .axes = {"B", "H", "T", "S"},
        .friendly = fixture("one head", "With one head, the whole width is the width of the head.", 1),
        .unfriendly = fixture("two heads", "The whole width is 4, and a head has the width 2.", 2)};
}

}  // namespace bug_4
