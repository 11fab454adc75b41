// Bug 16: weights in the half-split order run with a rotation of neighbouring pairs.
// T = tokens, S = keys
#include "chapters/06_rotary_position_embedding/bugs/rotate_rows.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_16 {

// Queries (T, head_dim) and keys (S, head_dim) of half-split weights -> (T, S)
Matrix shipped(const Matrix& queries, const Matrix& keys) {
    const Matrix q = bug::rotate_neighbours(queries, 0);
    const Matrix k = bug::rotate_neighbours(keys, 0);
    return torch::matmul_transposed(q, k);
}

Matrix repaired(const Matrix& queries, const Matrix& keys) {
    const Matrix q = bug::rotate_halves(queries, 0);
    const Matrix k = bug::rotate_halves(keys, 0);
    return torch::matmul_transposed(q, k);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Matrix& queries,
                     const Matrix& keys) {
    return {title,
            why,
            {{"queries", queries, {"T", "head_dim"}}, {"keys", keys, {"S", "head_dim"}}},
            shipped(queries, keys),
            repaired(queries, keys)};
}

bug::Bug tell() {
    return {
        .title = "Half-split weights run with neighbouring pairs",
        .threads = {"jzhang38/TinyLlama#24", "huggingface/transformers#25199"},
        .story =
            "Two layouts of RoPE exist. Llama's own code rotates neighbouring pairs, (0, 1) and (2, 3). Hugging "
            "Face's code rotates halves, (0, 2) and (1, 3), and stores its weights in another order. Here, "
            "weights of the second layout run with the rotation of the first.",
        .letters = "T tokens, S keys",
        .result = "attn_scores",
        .axes = {"T", "S"},
        .friendly =
            fixture("heads of width 2", "With two numbers there is one pair, and both layouts rotate it.",
                    Matrix{{1.0f, -0.5f}, {0.5f, 2.0f}, {-1.0f, 1.0f}},
                    Matrix{{0.5f, 1.0f}, {-1.0f, 0.5f}, {1.0f, 2.0f}}),
        .unfriendly =
            fixture("heads of width 4",
                    "The score of token 0 with key 0 is right, because position 0 rotates nothing. So a "
                    "test of the first token passes too.",
                    Matrix{{1.0f, -0.5f, 0.5f, 2.0f}, {0.5f, 2.0f, -1.0f, 1.0f}, {-1.0f, 1.0f, 2.0f, 0.5f}},
                    Matrix{{0.5f, 1.0f, -1.0f, 0.5f}, {-1.0f, 0.5f, 2.0f, 1.0f}, {1.0f, 2.0f, 0.5f, -2.0f}})};
}

}  // namespace bug_16
