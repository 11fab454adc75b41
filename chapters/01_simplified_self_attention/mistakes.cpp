#include "chapters/01_simplified_self_attention/mistakes.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"

namespace ch1 {
namespace {

Matrix inputs() {
    return your_journey().embeddings;
}

// The prints for one query word (cells 2 to 4), with the weights of a mistake.
NamedTensors one_word(const Vector& scores, const Vector& weights) {
    const Matrix row = torch::view<2>(weights, {1, weights.size()});
    const float sum = xt::sum(weights)();
    return {{"attn_scores_2", scores},
            {"attn_weights_2", weights},
            {"attn_weights_2.sum()", AnyTensor(sum)},
            {"context_vec_2", torch::select(torch::matmul(row, inputs()), 0)}};
}

// The prints for all words (cells 5 to 7).
NamedTensors all_words(const Matrix& scores, const Matrix& weights) {
    return {{"attn_scores", scores},
            {"attn_weights", weights},
            {"all_context_vecs", torch::matmul(weights, inputs())}};
}

NamedTensors both(NamedTensors tensors, const NamedTensors& more) {
    tensors.insert(tensors.end(), more.begin(), more.end());
    return tensors;
}

Vector scores_of_journey() {
    return attend(inputs(), 1).attn_scores;
}

Matrix scores_of_all() {
    return self_attention(inputs()).attn_scores;
}

NamedTensors another_query(std::size_t word) {
    const QueryTrace trace = attend(inputs(), word);
    return one_word(trace.attn_scores, trace.attn_weights);
}

NamedTensors divided_by_their_sum() {
    const Vector scores = scores_of_journey();
    const Matrix all = scores_of_all();
    const float total = xt::sum(scores)();
    const Vector weights = scores / total;
    const Matrix totals = xt::sum(all, {1}, xt::keep_dims);
    const Matrix all_weights = all / totals;
    return both(one_word(scores, weights), all_words(all, all_weights));
}

NamedTensors scaled_by_root_of_width() {
    const float scale = std::sqrt(static_cast<float>(inputs().shape(1)));
    const Vector scores = scores_of_journey(), scaled = scores / scale;
    const Matrix all = scores_of_all(), all_scaled = all / scale;
    return both(one_word(scores, softmax(scaled)), all_words(all, softmax(all_scaled)));
}

NamedTensors mixed_by_columns() {
    const Matrix weights = softmax(scores_of_all());
    return {{"all_context_vecs", torch::matmul(torch::transpose(weights), inputs())}};
}

}  // namespace

template <std::size_t N>
Tensor<N> softmax_along(const Tensor<N>& scores, std::size_t axis) {
    return torch::transpose(softmax(torch::transpose(scores, axis, N - 1)), axis, N - 1);
}
template Matrix softmax_along(const Matrix&, std::size_t);
template Tensor3 softmax_along(const Tensor3&, std::size_t);
template Tensor4 softmax_along(const Tensor4&, std::size_t);

Mistakes mistakes() {
    return {
        {"softmax-wrong-axis",
         "softmax runs down the columns (dim=0), so the columns sum to 1 instead of the rows",
         "softmax along the last axis: dim=-1",
         [] { return all_words(scores_of_all(), softmax_along(scores_of_all(), 0)); }},
        {"normalised-without-exp", "the scores are divided by their sum, without exp",
         "torch.softmax(scores, dim=-1)", divided_by_their_sum},
        {"softmax-missing", "the weighted sum uses the raw scores, without softmax",
         "torch.softmax(scores, dim=-1)",
         [] {
             return both(one_word(scores_of_journey(), scores_of_journey()),
                         all_words(scores_of_all(), scores_of_all()));
         }},
        {"scale-where-none",
         "the scores are divided by √3, the root of d_in, but this chapter has no scale yet",
         "do not divide; chapter 2 adds the scale √d_k", scaled_by_root_of_width},
        {"query-off-by-one", "the query is word 2, \"starts\", but words are counted from 0",
         "query = inputs[1]", [] { return another_query(2); }},
        {"query-off-by-one", "the query is word 0, \"Your\", instead of word 1, \"journey\"",
         "query = inputs[1]", [] { return another_query(0); }},
        {"weights-transposed-in-mix", "the context vectors use the columns of the weights (attn_weights.T)",
         "attn_weights @ inputs", mixed_by_columns},
    };
}

}  // namespace ch1
