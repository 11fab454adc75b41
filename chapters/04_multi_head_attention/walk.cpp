// Chapter 4 shows cells 26 to 36 of the notebook: several attentions side by side, then all of them in one
// product.
#include <fmt/format.h>

#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/sentence_file.hpp"
#include "chapters/02_trainable_weights/weights_file.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/mistakes.hpp"
#include "chapters/04_multi_head_attention/wrapper.hpp"
#include "common/program/walkthrough.hpp"

namespace {

const Chapter chapter{
    .number = 4,
    .folder = "04_multi_head_attention",
    .title = "Multi-head attention",
    .letters =
        "B sequences in a batch, T tokens, H heads, d_in width of an embedding, head_dim width of one head, "
        "d_out = H * head_dim",
    .takes = Takes::weights};

const ch3::Dropout no_dropout{0.0};

Shape shape_of(const Tensor3& x) {
    return {x.shape().begin(), x.shape().end()};
}

void heads_side_by_side(Walkthrough& walk, const Tensor3& batch) {
    torch::Generator generator(walk.seed(123));
    const std::vector<ch2::LinearWeights> heads = ch4::random_heads(generator, batch.shape(2), 2, 2);
    const Tensor3 context_vecs = ch4::multi_head_wrapper(batch, heads, no_dropout, generator);

    walk.section("3.6", "Stacking several attentions");

    walk.step("Why several heads?",
              "Softmax gives a token one set of attention weights. The token cannot attend to one word "
              "for its meaning and to another for its grammar. Two heads have two sets of W_query, W_key, "
              "W_value, so each head can look for something else. Their results are concatenated: columns "
              "0 and 1 equal cell 25 of chapter 3, and columns 2 and 3 come from the second head.")
        .read("wrapper.cpp")
        .formula("C = [C₁ C₂]        Cₕ = causal attention of head h")
        .show("context_vecs", context_vecs, {"B", "T", "H * head_dim"}, cell(26))
        .show_shape("context_vecs.shape", shape_of(context_vecs), cell(26, "context_vecs.shape: "));

    // The fused form on the same weights. The comparison does not need its out_proj.
    const ch4::Weights fused{ch4::fuse(heads), ch2::random_linear(generator, 4, 4)};
    const ch4::Trace trace = ch4::multi_head_attention(batch, fused, 2, no_dropout, generator);

    walk.step("One product instead of two",
              "Stack the matrices of the heads. Then one wide product computes the queries of all heads. "
              "MultiHeadAttention does this, and with the same weights it gives the same result as the "
              "wrapper.")
        .read("attention.cpp")
        .formula("W_query (4, 3) = W_query of head 0 (2, 3) above that of head 1 (2, 3)")
        .show("W_query.weight", fused.projections.query.weight, {"d_out", "d_in"})
        .show("combined heads", trace.combined, {"B", "T", "d_out"})
        .note(fmt::format("Largest difference between wrapper and fused form: {:.1e}.",
                          largest_difference(trace.combined, context_vecs)));
}

void view_and_transpose(Walkthrough& walk) {
    // 10 * token + column, so that every number shows where it came from.
    Tensor3 keys = Tensor3::from_shape({1, 3, 4});
    for (std::size_t token = 0; token < 3; ++token) {
        for (std::size_t column = 0; column < 4; ++column) {
            keys(0, token, column) = static_cast<float>(10 * token + column);
        }
    }

    walk.section("3.6", "Splitting one tensor into heads");

    walk.step("View, then transpose",
              "Three tokens, four columns, two heads of two columns each. Each number shows where it came "
              "from: 12. is token 1, column 2. Head 0 must get columns 0 and 1 of every token, and head 1 "
              "columns 2 and 3.")
        .read("heads.cpp")
        .formula("(B, T, d_out) → view (B, T, H, head_dim) → transpose (B, H, T, head_dim)")
        .show("keys", keys, {"B", "T", "d_out"})
        .show("keys.view(1, 3, 2, 2).transpose(1, 2)", ch4::split_heads(keys, 2),
              {"B", "H", "T", "head_dim"});

    walk.step("View alone: the right shape, the wrong rows",
              "A view keeps the elements in their order. If you ask for the final shape at once, head 0 "
              "gets both halves of token 0 and one half of token 1. There is no error and no NaN. But the "
              "first row of head 1 is a piece of token 1, and the mask treats it as token 0: the future "
              "leaks in.")
        .read("heads.cpp")
        .show("keys.view(1, 2, 3, 2)", ch4::split_heads_by_view_alone(keys, 2), {"B", "H", "T", "head_dim"});
}

void fused_heads(Walkthrough& walk, const Tensor3& batch) {
    constexpr std::size_t d_out = 2, n_heads = 2;
    torch::Generator generator(walk.seed(123));
    const ch4::Weights weights = ch4::random_weights(generator, batch.shape(2), d_out);

    // The result that the notebook intended, and the result that it printed.
    const ch4::Trace trace = ch4::multi_head_attention(batch, weights, n_heads, no_dropout, generator);
    constexpr std::size_t leftover_key_width = 2;
    const ch4::Trace printed = ch4::multi_head_attention_scaled_by(leftover_key_width, batch, weights,
                                                                   n_heads, no_dropout, generator);

    walk.section("3.6", "Multi-head attention in one class");

    walk.step("Four axes",
              "d_out = 2 is split into two heads of width 1. Each head computes its own scores: two (6, "
              "6) matrices for each sentence of the batch. The tensors below are those of the first "
              "sentence.")
        .read("attention.cpp")
        .formula("S = Q Kᵀ    in the last two axes")
        .show("queries[0]", torch::select(trace.queries, 0), {"H", "T", "head_dim"})
        .show("attn_weights[0]", torch::select(trace.attn_weights, 0), {"H", "T", "T"});

    walk.step("Combine the heads",
              "Transpose and view put the heads side by side again. Then out_proj, a Linear with bias, "
              "combines them. The notebook's cell 30 prints this result.")
        .read("attention.cpp")
        .formula("context = combine(A V) W_outᵀ + b_out")
        .show("context_vecs", printed.context_vec, {"B", "T", "d_out"}, cell(30))
        .show_shape("context_vecs.shape", shape_of(printed.context_vec), cell(30, "context_vecs.shape: "));

    walk.step("But that result is not quite right",
              "The class divides by key.shape[-1] ** 0.5, but it has no `key`: its own tensor is called "
              "`keys`. Python finds the global `key` that cell 10 left behind, which has 2 columns. So "
              "the class divides the scores by √2, although head_dim = 1 needs √1. In a fresh kernel, the "
              "cell would stop with a NameError. Here is the correct result.")
        .read("attention.cpp")
        .show("context_vecs, divided by sqrt(head_dim)", trace.context_vec, {"B", "T", "d_out"})
        .note(fmt::format(
            "The fourth digit shows the mistake in row 1: {:.4f} there, {:.4f} here. Row 0 agrees, "
            "because its token sees only itself and has a weight of 1 with any scale. Nothing crashed, "
            "every shape was right, and a tolerance of 1e-2 would accept the result: the two differ by at "
            "most {:.4f}.",
            printed.context_vec(0, 1, 0), trace.context_vec(0, 1, 0),
            largest_difference(printed.context_vec, trace.context_vec)));
}

void four_dimensional_matmul(Walkthrough& walk) {
    const Tensor4 a = {{{{0.2745f, 0.6584f, 0.2775f, 0.8573f},
                         {0.8993f, 0.0390f, 0.9268f, 0.7388f},
                         {0.7179f, 0.7058f, 0.9156f, 0.4340f}},
                        {{0.0772f, 0.3565f, 0.1479f, 0.5331f},
                         {0.4066f, 0.2318f, 0.4545f, 0.9737f},
                         {0.4606f, 0.5159f, 0.4220f, 0.5786f}}}};
    const Tensor3 heads = torch::select(a, 0);
    const Matrix first_head = torch::select(heads, 0), second_head = torch::select(heads, 1);

    walk.section("3.6", "What a 4-D matmul does");

    walk.step("Matrices in the last two axes",
              "For `@`, the leading axes are only a list: (1, 2, 3, 4) is two matrices of shape (3, 4), "
              "one for each head. `@` multiplies each matrix separately.")
        .read("common/tensor.hpp")
        .show_shape("a.shape", {1, 2, 3, 4}, cell(32))
        .show("a @ a.transpose(2, 3)", torch::matmul(a, torch::transpose(a, 2, 3)), {"B", "H", "T", "T"},
              cell(33));

    walk.step("The same, head by head",
              "Select the two matrices and multiply them one by one. The numbers are the same.")
        .show("first_head", first_head, {"T", "head_dim"}, cell(35))
        .show("first_res", torch::matmul(first_head, torch::transpose(first_head)), {"T", "T"},
              cell(35, "First head:\n "))
        .show("second_head", second_head, {"T", "head_dim"}, cell(36))
        .show("second_res", torch::matmul(second_head, torch::transpose(second_head)), {"T", "T"},
              cell(36, "\nSecond head:\n "));
}

// --input, --weights: two heads on your own files. If the file has no out_proj, the heads are only
// concatenated.
void own_files(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const Matrix& x = sentence.embeddings;
    torch::Generator generator(
        walk.own().weights ? 0 : walk.seed(123));  // the reader's weights need no random numbers
    ch4::Weights weights = ch4::random_weights(generator, x.shape(1), 2);
    if (walk.own().weights) {
        weights.projections = ch2::read_weights(walk.own(), x.shape(1));
        const std::size_t d_out = weights.projections.value.weight.shape(0);
        const ch2::Linear unmixed{xt::eye<float>(d_out), {}};
        weights.out_proj = ch2::read_out_proj(walk.own(), d_out).value_or(unmixed);
    }
    const Tensor3 batch = torch::view<3>(x, {1, x.shape(0), x.shape(1)});
    const ch4::Trace trace = ch4::multi_head_attention(batch, weights, 2, no_dropout, generator);

    walk.section("", "Your own files, with two heads");
    walk.step("Project and split into heads", "One wide projection, then view and transpose.")
        .read("heads.cpp")
        .show("x", x, {"T", "d_in"})
        .show("queries", trace.queries, {"B", "H", "T", "head_dim"})
        .show("keys", trace.keys, {"B", "H", "T", "head_dim"})
        .show("values", trace.values, {"B", "H", "T", "head_dim"});
    walk.step("Attend in each head", "Scores, mask and softmax in the last two axes.")
        .read("attention.cpp")
        .show("attn_scores", trace.attn_scores, {"B", "H", "T", "T"})
        .show("attn_weights", trace.attn_weights, {"B", "H", "T", "T"})
        .heatmap("Attention weights of head 0: each row is a query, each column a key.",
                 torch::select(torch::select(trace.attn_weights, 0), 0), sentence.words)
        .heatmap("Attention weights of head 1.", torch::select(torch::select(trace.attn_weights, 0), 1),
                 sentence.words);
    walk.step("Combine", "The heads side by side, then combined by out_proj.")
        .read("attention.cpp")
        .show("combined", trace.combined, {"B", "T", "d_out"})
        .show("context_vecs", trace.context_vec, {"B", "T", "d_out"});
}

void tell(Walkthrough& walk) {
    if (walk.own().any()) return own_files(walk);
    const ch1::Sentence sentence = ch1::your_journey();
    const Tensor3 batch = torch::stack(sentence.embeddings, sentence.embeddings);
    heads_side_by_side(walk, batch);
    view_and_transpose(walk);
    fused_heads(walk, batch);
    four_dimensional_matmul(walk);
}

}  // namespace

int main(int argc, char** argv) {
    return walk_through({.chapter = chapter, .tell = tell, .mistakes = ch4::mistakes}, argc, argv);
}
