// Chapter 1 shows cells 1 to 7 of the notebook: one word attends to all words, then all words do.
#include <fmt/format.h>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/01_simplified_self_attention/sentence_file.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "common/program/walkthrough.hpp"

namespace {

const Chapter chapter{.number = 1,
                      .folder = "01_simplified_self_attention",
                      .title = "Simplified self-attention",
                      .letters = "T tokens (words), d_in numbers in the embedding of each",
                      .takes = Takes::input,
                      .draws = Draws::nothing};

void one_word_looks(Walkthrough& walk, const ch1::Sentence& sentence) {
    const ch1::QueryTrace journey = ch1::attend(sentence.embeddings, 1);

    walk.section("3.3", "One word attends to all words");

    walk.step("Six words, three numbers each",
              "An embedding is a row of numbers that represents a word. These numbers are invented. A "
              "real model learns its embeddings, and each has thousands of numbers instead of three.")
        .read("sentence.cpp")
        .show("inputs", sentence.embeddings, {"T", "d_in"});

    walk.step("Scores: how much do two words have in common?",
              "The dot product multiplies two rows number by number and adds up the products. It is large "
              "if both words are large in the same places. Here the query is \"journey\" (row 1, counted "
              "from 0), and it meets all six words, itself included.")
        .read("attention.cpp")
        .formula("ωᵢ = xᵢ · query        query = x₁")
        .show("query", journey.query, {"d_in"})
        .show("attn_scores_2", journey.attn_scores, {"T"}, cell(2));

    const float sum = xt::sum(journey.attn_weights)();
    walk.step("Softmax: scores become attention weights",
              "Softmax makes every score positive with exp and divides by the sum. The order stays the "
              "same, and the weights sum to 1. If a score is larger by 1, its weight is 2.718 times as "
              "large.")
        .read("softmax.cpp")
        .formula("αᵢ = exp(ωᵢ) / Σⱼ exp(ωⱼ)")
        .show("attn_weights_2", journey.attn_weights, {"T"}, cell(3, "Attention weights: "))
        .show("attn_weights_2.sum()", AnyTensor(sum), {}, cell(3, "Sum: "));

    walk.step("Weighted sum: the context vector",
              "Multiply each of the six words by its weight and add them up. The result still means "
              "\"journey\", but it now contains something of its neighbours.")
        .read("attention.cpp")
        .formula("context = Σᵢ αᵢ xᵢ")
        .show("context_vec_2", journey.context_vec, {"d_in"}, cell(4));
}

void softmax_with_large_scores(Walkthrough& walk, const Vector& scores) {
    const Vector large = 100.0f * scores;

    walk.step("Why softmax subtracts the maximum",
              "exp(89) is larger than a float32 can be. So softmax first subtracts the largest score from "
              "every score. All ratios stay the same, because exp(a - m) / exp(b - m) = exp(a) / exp(b), "
              "and nothing overflows. This step compares both forms, on the scores above and on the same "
              "scores times 100.")
        .read("softmax.cpp")
        .formula("αᵢ = exp(ωᵢ - max ω) / Σⱼ exp(ωⱼ - max ω)")
        .show("naive_softmax(attn_scores_2)", ch1::naive_softmax(scores), {"T"})
        .show("softmax(attn_scores_2)", ch1::softmax(scores), {"T"})
        .show("naive_softmax(100 * attn_scores_2)", ch1::naive_softmax(large), {"T"})
        .show("softmax(100 * attn_scores_2)", ch1::softmax(large), {"T"})
        .note(
            "inf / inf is NaN, and one NaN spoils every result after it. The last tensor shows a second "
            "effect: with large scores, one word gets nearly all the weight. Chapter 2 explains it.");
}

void all_words_look(Walkthrough& walk, const ch1::Sentence& sentence) {
    const Matrix& inputs = sentence.embeddings;
    const Matrix by_loops = ch1::attn_scores_by_loops(inputs);
    const ch1::Trace trace = ch1::self_attention(inputs);

    walk.section("3.3", "All words attend to all words");

    walk.step("All scores at once",
              "Row i contains the scores of word i, so row 1 equals the scores above. Two loops over the "
              "words compute 36 dot products; one matrix product computes the same 36.")
        .read("attention.cpp")
        .formula("S = X Xᵀ        Sᵢⱼ = xᵢ · xⱼ")
        .show("attn_scores", by_loops, {"T", "T"}, cell(5))
        .note(fmt::format(
            "Loops and inputs @ inputs.T differ by at most {:.1e}. The two may add in another order, and "
            "then the last bit can differ.",
            largest_difference(by_loops, trace.attn_scores)));

    walk.step("All attention weights",
              "Softmax works row by row, so each row sums to 1. The scores are symmetric, but the weights "
              "are not, because softmax divides every row by its own sum.")
        .read("softmax.cpp")
        .formula("A = softmax(S)")
        .show("attn_weights", trace.attn_weights, {"T", "T"}, cell(6))
        .heatmap("Attention weights: each row is a query, each column a key.", trace.attn_weights,
                 sentence.words);

    walk.step("All context vectors",
              "One more matrix product computes the weighted sums for all six words. Row 1 is the context "
              "vector of \"journey\" from above.")
        .read("attention.cpp")
        .formula("C = A X")
        .show("all_context_vecs", trace.context_vecs, {"T", "d_in"}, cell(7));
}

void order_does_not_matter(Walkthrough& walk, const Matrix& inputs) {
    const Matrix reversed = xt::flip(inputs, 0);
    const Matrix context_vecs = ch1::self_attention(reversed).context_vecs;
    const Matrix turned_back = xt::flip(context_vecs, 0);
    const float difference = largest_difference(turned_back, ch1::self_attention(inputs).context_vecs);

    walk.step("What is missing: the order of the words",
              "Reverse the sentence: every word gets the same context vector as before, only in another "
              "row. Attention alone does not see the order of the words. Chapter 6 adds positions.")
        .show("all_context_vecs, sentence reversed", context_vecs, {"T", "d_in"})
        .note(fmt::format("In the original order, it differs from the result above by at most {:.1e}.",
                          difference));
}

// --input: the same three steps on your own sentence.
void own_files(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const ch1::Trace trace = ch1::self_attention(sentence.embeddings);
    walk.section("", "Your own sentence");
    walk.step("Scores", "The dot product of every word with every word.")
        .read("attention.cpp")
        .show("x", sentence.embeddings, {"T", "d_in"})
        .show("attn_scores", trace.attn_scores, {"T", "T"});
    walk.step("Softmax", "Softmax works row by row.")
        .read("softmax.cpp")
        .show("attn_weights", trace.attn_weights, {"T", "T"})
        .heatmap("Attention weights: each row is a query, each column a key.", trace.attn_weights,
                 sentence.words);
    walk.step("Weighted sum", "Each row of weights gives one weighted sum of all words.")
        .read("attention.cpp")
        .show("all_context_vecs", trace.context_vecs, {"T", "d_in"});
}

void tell(Walkthrough& walk) {
    if (walk.own().any()) return own_files(walk);
    const ch1::Sentence sentence = ch1::your_journey();
    one_word_looks(walk, sentence);
    softmax_with_large_scores(walk, ch1::attend(sentence.embeddings, 1).attn_scores);
    all_words_look(walk, sentence);
    order_does_not_matter(walk, sentence.embeddings);
}

}  // namespace

int main(int argc, char** argv) {
    return walk_through({.chapter = chapter, .tell = tell, .mistakes = ch1::mistakes}, argc, argv);
}
