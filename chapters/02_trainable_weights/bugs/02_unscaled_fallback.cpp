// Bug 2: one of two paths forgets the scale.
// T = tokens, S = keys, d_k = width of a key
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_2 {

enum class Path { usual, fallback };

// (T, d_k), (S, d_k) -> (T, S)
Matrix shipped(const Matrix& queries, const Matrix& keys, Path path) {
    const float root_d_k = bug::root(keys.shape(1));
    Matrix scores = torch::matmul_transposed(queries, keys);
    if (path == Path::usual) scores /= root_d_k;
    return ch1::softmax(scores);
}

Matrix repaired(const Matrix& queries, const Matrix& keys, Path) {
    const float root_d_k = bug::root(keys.shape(1));
    Matrix scores = torch::matmul_transposed(queries, keys);
    scores /= root_d_k;
    return ch1::softmax(scores);
}

bug::Bug tell() {
    const Matrix queries = {{1.0f, -1.0f, 2.0f, 0.5f}, {-0.5f, 1.5f, 1.0f, -2.0f}};
    const Matrix keys = {{0.5f, 1.0f, 1.0f, -1.0f}, {-1.0f, 0.5f, 0.5f, 1.0f}, {1.0f, -1.0f, 0.5f, 0.0f}};
    const auto fixture = [&](const std::string& title, const std::string& why, Path path) -> bug::Fixture {
        return {title,
                why,
                {{"queries", queries, {"T", "d_k"}}, {"keys", keys, {"S", "d_k"}}},
                shipped(queries, keys, path),
                repaired(queries, keys, path)};
    };
    return {
        .title = "A fallback path without the scale",
        .threads = {"mlc-ai/mlc-llm#3426"},
        .story =
            "The program had two paths for attention, and the fallback path forgot the factor 1/sqrt(d). Its "
            "embeddings had a cosine of 0.86 with the right ones.",
        .letters = "T tokens, S keys, d_k width of a key",
        .result = "attn_weights",
        .axes = {"T", "S"},
        .friendly = fixture("the usual path",
                            "This path divides by sqrt(d_k), so the test says nothing about the other path.",
                            Path::usual),
        .unfriendly = fixture(
            "the fallback path",
            "The scores are twice as large here, because sqrt(4) = 2. So softmax is sharper: the large "
            "weights grow, and the small ones shrink.",
            Path::fallback)};
}

}  // namespace bug_2
