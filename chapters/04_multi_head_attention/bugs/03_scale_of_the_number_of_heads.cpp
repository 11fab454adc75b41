// Bug 3: the scale uses the number of heads where the width of a head belongs.
// H = heads, T = tokens, S = keys
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_3 {

// (H, T, head_dim), (H, S, head_dim) -> (H, T, S)
Tensor3 shipped(const Tensor3& queries, const Tensor3& keys) {
    const std::size_t width = queries.shape(0);
    const Tensor3 scores = torch::matmul_transposed(queries, keys);
    const Tensor3 scaled = scores / bug::root(width);
    return ch1::softmax(scaled);
}

Tensor3 repaired(const Tensor3& queries, const Tensor3& keys) {
    const std::size_t width = queries.shape(2);
    const Tensor3 scores = torch::matmul_transposed(queries, keys);
    const Tensor3 scaled = scores / bug::root(width);
    return ch1::softmax(scaled);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Tensor3& queries,
                     const Tensor3& keys) {
    return {title,
            why,
            {{"queries", queries, {"H", "T", "head_dim"}}, {"keys", keys, {"H", "S", "head_dim"}}},
            shipped(queries, keys),
            repaired(queries, keys)};
}

bug::Bug tell() {
    return {
        .title = "A scale of the number of heads",
        .threads = {"tenstorrent/tt-metal#56789"},
        .story =
            "A tutorial divided the scores by the square root of the number of heads. The square root of "
            "head_dim belongs there. The order of the scores does not depend on the scale, so the top "
            "answer still was right.",
        .letters = "H heads, T tokens, S keys",
        .result = "attn_weights",
        .axes = {"H", "T", "S"},
        .friendly = fixture("2 heads of width 2", "The number of heads is the width of a head.",
                            Tensor3{{{1.0f, -0.5f}, {0.5f, 2.0f}}, {{-1.0f, 1.0f}, {2.0f, 0.5f}}},
                            Tensor3{{{0.5f, 1.0f}, {-1.0f, 0.5f}, {1.0f, 1.0f}},
                                    {{1.0f, 0.0f}, {0.5f, -1.0f}, {-0.5f, 1.0f}}}),
        .unfriendly = fixture(
            "2 heads of width 3",
            "The shipped scores are too large by the factor sqrt(3 / 2). In each row, the "
            "largest weight stays at the same key, so a test of the top answer passes too.",
            Tensor3{{{1.0f, -0.5f, 1.0f}, {0.5f, 2.0f, -1.0f}}, {{-1.0f, 1.0f, 0.5f}, {2.0f, 0.5f, 1.0f}}},
            Tensor3{{{0.5f, 1.0f, 2.0f}, {-1.0f, 0.5f, 1.0f}, {1.0f, 1.0f, -1.0f}},
                    {{1.0f, 0.0f, 1.0f}, {0.5f, -1.0f, 0.5f}, {-0.5f, 1.0f, 1.0f}}})};
}

}  // namespace bug_3
