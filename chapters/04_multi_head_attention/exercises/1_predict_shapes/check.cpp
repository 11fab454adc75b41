#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/wrapper.hpp"

using namespace exercise;

namespace {

constexpr std::size_t d_in = 7, d_out = 12, heads = 4;

ch4::Weights layers() {
    torch::Generator generator(41);
    return ch4::random_weights(generator, d_in, d_out);
}

Tensor3 inputs() {
    return random_tensor<3>(42, {2, 5, d_in});
}

ch4::Trace trace() {
    torch::Generator generator(43);
    return ch4::multi_head_attention(inputs(), layers(), heads, {0.0}, generator);
}

template <class T>
Shape shape_of(const T& tensor) {
    return {tensor.shape().begin(), tensor.shape().end()};
}

// The width by which the chapter scales: the one whose root gives its weights.
std::size_t scale_width() {
    torch::Generator generator(43);
    for (std::size_t width = 1; width < 100; ++width) {
        const ch4::Trace scaled =
            ch4::multi_head_attention_scaled_by(width, inputs(), layers(), heads, {0.0}, generator);
        if (largest_difference(scaled.attn_weights, trace().attn_weights) == 0.0f) return width;
    }
    throw std::logic_error("the chapter scales by no width below 100");
}

std::size_t weights_in(const ch2::LinearWeights& projections) {
    return projections.query.weight.size() + projections.key.weight.size() + projections.value.weight.size();
}

std::size_t all_weights() {
    const ch4::Weights weights = layers();
    return weights_in(weights.projections) + weights.out_proj.weight.size() + weights.out_proj.bias->size();
}

// The weights of `n_heads` separate heads, one below the other.
std::size_t weights_of_heads(std::size_t n_heads) {
    torch::Generator generator(44);
    return weights_in(ch4::fuse(ch4::random_heads(generator, d_in, d_out / n_heads, n_heads)));
}

Tensor3 numbered_keys() {
    Tensor3 keys = Tensor3::from_shape({1, 3, 8});
    for (std::size_t token = 0; token < 3; ++token)
        for (std::size_t column = 0; column < 8; ++column)
            keys(0, token, column) = static_cast<float>(10 * token + column);
    return keys;
}

// The two numbers of one head and token.
Shape row_of(const Tensor4& split, std::size_t head, std::size_t token) {
    return {static_cast<std::size_t>(split(0, head, token, 0)),
            static_cast<std::size_t>(split(0, head, token, 1))};
}

}  // namespace

TEST("shapes") {
    check_prediction(
        "shape of W_query.weight, as nn.Linear stores it", shape_of(layers().projections.query.weight),
        {{"7, 12", "nn.Linear stores (out, in)", "chapter 2", "weight-transposed"},
         {"3, 7", "this is the matrix of one head; the wide matrix has all heads", "./walk 4, step 2"}});
    check_prediction(
        "shape of W_query(x), before it is split", shape_of(layers().projections.query(inputs())),
        {{"2, 5, 7", "this is the shape of x", "d_out"},
         {"2, 5, 3", "this is one head; one wide product computes all heads", "./walk 4, step 2"}});
    check_prediction(
        "shape of the queries, split into heads", shape_of(trace().queries),
        {{"2, 5, 4, 3", "this is the shape after view and before transpose(1, 2)", "./walk 4, step 3",
          "transpose-missing"},
         {"2, 4, 5, 12", "each head has d_out / H columns", "head_dim = d_out / H", "d-out-per-head"},
         {"2, 3, 5, 4", "this swaps H and head_dim", "(B, H, T, head_dim)"}});
    check_prediction(
        "shape of attn_scores", shape_of(trace().attn_scores),
        {{"2, 5, 5", "each head has scores of its own", "./walk 4, step 5", "heads-forgotten"},
         {"2, 4, 3, 3", "this is Kᵀ Q; a score belongs to two tokens", "Q Kᵀ in the last two axes"},
         {"2, 5, 4, 4", "this compares heads, not tokens", "transpose(1, 2) before the product"}});
    check_prediction(
        "shape of the context vectors after the heads are combined", shape_of(trace().combined),
        {{"2, 5, 3", "the heads stand side by side, they are not added", "./walk 4, step 6"},
         {"2, 20, 3", "the heads stand side by side, not below each other", "./walk 4, step 6"}});
}

TEST("numbers") {
    check_prediction("the scores are divided by the square root of this number",
                     static_cast<double>(scale_width()),
                     {{"12", "this is the width of all heads together", "the width of one head's key",
                       "scale-whole-width"},
                      {"7", "this is the width of an embedding", "the width of one head's key", "scale-d-in"},
                      {"4", "this is the number of heads", "the width of one head's key", "scale-heads"}});
    check_prediction("numbers in W_query, W_key, W_value and out_proj together (out_proj has a bias)",
                     static_cast<double>(all_weights()),
                     {{"396", "out_proj has a bias, a number for each of its outputs", "./walk 4, step 6",
                       "bias-forgotten"},
                      {"252", "these are the three projections without out_proj", "./walk 4, step 6"},
                      {"1164", "d_out is the width of all heads together, not of one",
                       "12 columns, of which each head gets 3", "d-out-per-head"}});
    check_prediction("with H = 2 instead of 4, the number of weights stays the same (yes or no)",
                     weights_of_heads(2) == weights_of_heads(4),
                     {{"no", "half as many heads are twice as wide", "head_dim = d_out / H"}});
}

TEST("which number stands where") {
    check_prediction("keys.view(1, 3, 4, 2).transpose(1, 2), head 1, token 2",
                     row_of(ch4::split_heads(numbered_keys(), 4), 1, 2),
                     {{"12, 13", "this is token 1", "tokens are numbered from 0"},
                      {"20, 21", "this is head 0", "heads are numbered from 0"},
                      {"12, 22", "this is a column of head 1", "a row is one token"}});
    check_prediction(
        "keys.view(1, 4, 3, 2), head 1, row 0",
        row_of(ch4::split_heads_by_view_alone(numbered_keys(), 4), 1, 0),
        {{"2, 3", "view does not move the columns of the tokens into heads",
          "6 numbers in a piece, in the order of memory (./walk 4, step 4)", "view-instead-of-transpose"},
         {"10, 11", "token 0 has 8 numbers, so its last two begin the second piece of 6",
          "./walk 4, step 4"}});
}
