#include "chapters/01_simplified_self_attention/attention.hpp"

#include "chapters/01_simplified_self_attention/softmax.hpp"

namespace ch1 {
namespace {

float dot(const Vector& a, const Vector& b) {
    float sum = 0.0f;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a(i) * b(i);
    return sum;
}

}  // namespace

QueryTrace attend(const Matrix& inputs, std::size_t query_index) {
    const std::size_t tokens = inputs.shape(0);
    QueryTrace trace;
    trace.query = torch::select(inputs, query_index);

    // Scores: the dot product of the query with every word, itself included.
    trace.attn_scores = Vector::from_shape({tokens});
    for (std::size_t i = 0; i < tokens; ++i)
        trace.attn_scores(i) = dot(torch::select(inputs, i), trace.query);

    trace.attn_weights = softmax(trace.attn_scores);

    // Weighted sum: words with a large weight contribute much, the others little.
    trace.context_vec = xt::zeros_like(trace.query);
    for (std::size_t i = 0; i < tokens; ++i)
        trace.context_vec += trace.attn_weights(i) * torch::select(inputs, i);
    return trace;
}

Trace self_attention(const Matrix& inputs) {
    Trace trace;
    trace.attn_scores = torch::matmul(inputs, torch::transpose(inputs));
    trace.attn_weights = softmax(trace.attn_scores);
    trace.context_vecs = torch::matmul(trace.attn_weights, inputs);
    return trace;
}

Matrix attn_scores_by_loops(const Matrix& inputs) {
    const std::size_t tokens = inputs.shape(0);
    Matrix scores = Matrix::from_shape({tokens, tokens});
    for (std::size_t i = 0; i < tokens; ++i) {
        for (std::size_t j = 0; j < tokens; ++j)
            scores(i, j) = dot(torch::select(inputs, i), torch::select(inputs, j));
    }
    return scores;
}

}  // namespace ch1
