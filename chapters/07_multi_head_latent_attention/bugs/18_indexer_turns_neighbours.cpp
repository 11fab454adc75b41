// Bug 18: DeepSeek V3.2's indexer rotates neighbours where it must rotate halves.
// An indexer gives every key a score, and attention then sees only the best keys. T = tokens, S = keys
#include <algorithm>
#include <functional>
#include <vector>

#include "chapters/06_rotary_position_embedding/bugs/rotate_rows.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_18 {

// 1 for the `count` largest scores of a row, 0 for the others: (1, S) -> (1, S).
Matrix best(const Matrix& scores, std::size_t count) {
    std::vector<float> sorted(scores.begin(), scores.end());
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const float least = sorted[std::min(count, sorted.size()) - 1];
    return xt::where(scores >= least, 1.0f, 0.0f);
}

// A query (1, head_dim) at the last position, and keys (S, head_dim) -> (1, S)
Matrix shipped(const Matrix& query, const Matrix& keys, std::size_t n) {
    const std::size_t last = keys.shape(0) - 1;
    const Matrix q = bug::rotate_neighbours(query, last);
    const Matrix k = bug::rotate_neighbours(keys, 0);
    return best(torch::matmul_transposed(q, k), n);
}

Matrix repaired(const Matrix& query, const Matrix& keys, std::size_t n) {
    const std::size_t last = keys.shape(0) - 1;
    const Matrix q = bug::rotate_halves(query, last);
    const Matrix k = bug::rotate_halves(keys, 0);
    return best(torch::matmul_transposed(q, k), n);
}

bug::Bug tell() {
    const Matrix query = {{1.0f, -0.5f, 2.0f, 0.5f}};
    const Matrix keys = {{2.0f, 1.0f, 2.0f, -2.0f},
                         {1.0f, -1.0f, 2.0f, -2.0f},
                         {-1.0f, 1.0f, -1.0f, 1.0f},
                         {1.0f, 2.0f, -0.5f, 0.5f}};
    const auto fixture = [&](const std::string& title, const std::string& why,
                             std::size_t count) -> bug::Fixture {
        return {title,
                why,
                {{"query", query, {"T", "head_dim"}}, {"keys", keys, {"S", "head_dim"}}},
                shipped(query, keys, count),
                repaired(query, keys, count)};
    };
    return {
        .title = "An indexer that rotates neighbours where halves belong",
        .threads = {"vllm-project/vllm#28968"},
        .story =
            "DeepSeek V3.2 has an indexer: it scores all keys, and attention sees only the best ones. Its "
            "queries and keys have the half-split layout, and the code rotated neighbours. Then other keys are selected.",
        .letters = "T tokens, S keys",
        .result = "selected",
        .axes = {"T", "S"},
        .friendly =
            fixture("a short text",
                    "The indexer selects up to 4 keys. A text of 4 keys is short: all are selected.", 4),
        .unfriendly =
            fixture("more keys than are selected",
                    "The indexer selects the best 2 of 4 keys, so the order of the scores matters.", 2)};
}

}  // namespace bug_18
