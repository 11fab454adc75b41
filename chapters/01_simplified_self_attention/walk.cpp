// Chapter 1 walks cells 1 to 7 of the notebook: one word looks at all words, then all words do.
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

    walk.section("3.3", "One word looks at all words");

    walk.step("Six words, three numbers each",
              "An embedding is a row of numbers that stands for a word. These are made up; a real model "
              "learns them, and has thousands where we have three.")
        .read("sentence.cpp")
        .show("inputs", sentence.embeddings, {"T", "d_in"});

    walk.step("Score: how much do two words have in common?",
              "The dot product multiplies number by number and adds up: large where both words are large in "
              "the same places. Here \"journey\" (row 1, counted from 0) asks all six words, itself "
              "included.")
        .read("attention.cpp")
        .formula("ωᵢ = xᵢ · query        query = x₁")
        .show("query", journey.query, {"d_in"})
        .show("attn_scores_2", journey.attn_scores, {"T"}, cell(2));

    const float sum = xt::sum(journey.attn_weights)();
    walk.step("Weigh: scores become shares",
              "Softmax makes every score positive and divides by the total. The order stays, the sum is 1, "
              "and a score that is larger by 1 gets a share that is 2.718 times larger.")
        .read("softmax.cpp")
        .formula("αᵢ = exp(ωᵢ) / Σⱼ exp(ωⱼ)")
        .show("attn_weights_2", journey.attn_weights, {"T"}, cell(3, "Attention weights: "))
        .show("attn_weights_2.sum()", AnyTensor(sum), {}, cell(3, "Sum: "));

    walk.step("Mix: the context vector",
              "Add up all six words, each as often as its share says. The result is still about \"journey\", "
              "but it now knows its neighbours.")
        .read("attention.cpp")
        .formula("context = Σᵢ αᵢ xᵢ")
        .show("context_vec_2", journey.context_vec, {"d_in"}, cell(4));
}

void softmax_with_large_scores(Walkthrough& walk, const Vector& scores) {
    const Vector large = 100.0f * scores;

    walk.step("Why softmax subtracts the maximum",
              "exp(89) is more than a float32 can hold. Taking the largest score off every score leaves all "
              "ratios as they are, since exp(a - m) / exp(b - m) = exp(a) / exp(b), and nothing overflows. "
              "Here both forms, first on the scores above, then on the same scores times 100.")
        .read("softmax.cpp")
        .formula("αᵢ = exp(ωᵢ - max ω) / Σⱼ exp(ωⱼ - max ω)")
        .show("naive_softmax(attn_scores_2)", ch1::naive_softmax(scores), {"T"})
        .show("softmax(attn_scores_2)", ch1::softmax(scores), {"T"})
        .show("naive_softmax(100 * attn_scores_2)", ch1::naive_softmax(large), {"T"})
        .show("softmax(100 * attn_scores_2)", ch1::softmax(large), {"T"})
        .note(
            "inf / inf is NaN, and one NaN spoils everything after it. Chapter 2 is about the other thing to "
            "see here: large scores leave all the weight to one word.");
}

void all_words_look(Walkthrough& walk, const ch1::Sentence& sentence) {
    const Matrix& inputs = sentence.embeddings;
    const Matrix by_loops = ch1::attn_scores_by_loops(inputs);
    const ch1::Trace trace = ch1::self_attention(inputs);

    walk.section("3.3", "All words look at all words");

    walk.step("All scores at once",
              "Row i holds the scores of word i: row 1 is the one from above. Two loops over the words give "
              "36 dot products, and so does one matrix product.")
        .read("attention.cpp")
        .formula("S = X Xᵀ        Sᵢⱼ = xᵢ · xⱼ")
        .show("attn_scores", by_loops, {"T", "T"}, cell(5))
        .note(fmt::format(
            "Loops and inputs @ inputs.T differ by at most {:.1e}. They may add in another order, and then "
            "the last bit may differ.",
            largest_difference(by_loops, trace.attn_scores)));

    walk.step("All weights",
              "Softmax row by row: each row sums to 1. The scores were symmetric, the weights are not, "
              "because every row is divided by a total of its own.")
        .read("softmax.cpp")
        .formula("A = softmax(S)")
        .show("attn_weights", trace.attn_weights, {"T", "T"}, cell(6))
        .heatmap("Who looks at whom: a row looks, a column is looked at.", trace.attn_weights,
                 sentence.words);

    walk.step("All context vectors",
              "One more matrix product mixes the words for all six at once. Row 1 is the context vector of "
              "\"journey\" that we computed by hand.")
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
              "Read the sentence backwards: every word gets the same context vector as before, only in "
              "another row. Attention alone sees a bag of words; chapter 6 gives it positions.")
        .show("all_context_vecs, sentence reversed", context_vecs, {"T", "d_in"})
        .note(fmt::format("Turned back, it differs from the one above by at most {:.1e}.", difference));
}

// --input: the same three steps on the reader's own sentence.
void own_files(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const ch1::Trace trace = ch1::self_attention(sentence.embeddings);
    walk.section("", "Your own sentence");
    walk.step("Score", "Every word meets every word.")
        .read("attention.cpp")
        .show("x", sentence.embeddings, {"T", "d_in"})
        .show("attn_scores", trace.attn_scores, {"T", "T"});
    walk.step("Weigh", "Softmax, row by row.")
        .read("softmax.cpp")
        .show("attn_weights", trace.attn_weights, {"T", "T"})
        .heatmap("Who looks at whom: a row looks, a column is looked at.", trace.attn_weights,
                 sentence.words);
    walk.step("Mix", "Every row of weights mixes all words.")
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
