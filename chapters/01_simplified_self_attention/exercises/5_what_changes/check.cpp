#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"

using namespace exercise;

namespace {

Matrix sentence() {
    return random_tensor<2>(20, {5, 3});
}

// Another word stands at place 2.
Matrix with_another_word() {
    Matrix inputs = sentence();
    const Vector word = random_tensor<1>(21, {3});
    for (std::size_t d = 0; d < 3; ++d) inputs(2, d) = word(d);
    return inputs;
}

bool differs(float a, float b) {
    return std::abs(a - b) > 1e-5f;
}

std::size_t changed_elements(const Matrix& a, const Matrix& b) {
    std::size_t changed = 0;
    for (std::size_t i = 0; i < a.shape(0); ++i) {
        for (std::size_t j = 0; j < a.shape(1); ++j) {
            if (differs(a(i, j), b(i, j))) ++changed;
        }
    }
    return changed;
}

std::size_t changed_rows(const Matrix& a, const Matrix& b) {
    std::size_t changed = 0;
    for (std::size_t i = 0; i < a.shape(0); ++i) {
        if (largest_difference(torch::select(a, i), torch::select(b, i)) > 1e-5f) ++changed;
    }
    return changed;
}

}  // namespace

TEST("another word at place 2") {
    const ch1::Trace before = ch1::self_attention(sentence()),
                     after = ch1::self_attention(with_another_word());
    const auto scores = static_cast<double>(changed_elements(before.attn_scores, after.attn_scores));
    check_prediction(
        "how many of the 25 attn_scores change", scores,
        {{"5", "this is row 2 alone, or column 2 alone", "word 2 is a query in row 2, and a key in column 2",
          "row-without-column"},
         {"10", "place (2, 2) is in row 2 and in column 2, and it counts once",
          "5 places in row 2, and 4 more in column 2", "diagonal-twice"},
         {"1", "word 2 has a score with every word, in both directions", "./walk 1, step 6", "one-score"}});
    const auto weights = static_cast<double>(changed_rows(before.attn_weights, after.attn_weights));
    check_prediction("how many rows of attn_weights change", weights,
                     {{"1", "every word attends to word 2, so every row has a score that changes",
                       "column 2 of attn_scores", "only-its-own-row"}});
    const auto contexts = static_cast<double>(changed_rows(before.context_vecs, after.context_vecs));
    check_prediction("how many rows of context_vecs change", contexts,
                     {{"1", "every context vector is a sum of all words, and word 2 is one of them",
                       "./walk 1, step 8", "only-its-own-row"}});
    check_prediction(
        "the weight of word 1 for the query 0 changes (yes or no)",
        differs(before.attn_weights(0, 1), after.attn_weights(0, 1)),
        {{"no", "its score stays the same, but softmax divides it by the sum of row 0, and this sum changes",
          "./walk 1, step 7", "sum-of-the-row-forgotten"}});
}

TEST("the sentence reversed") {
    const Matrix reversed = xt::flip(sentence(), 0);
    const Matrix before = ch1::self_attention(sentence()).context_vecs,
                 after = ch1::self_attention(reversed).context_vecs;
    // Word 0 is now in the last row.
    const float difference = largest_difference(torch::select(before, 0), torch::select(after, 4));
    check_prediction("word 0 gets another context vector (yes or no)", difference > 1e-5f,
                     {{"yes", "the words and their scores are the same, only in another order",
                       "./walk 1, step 9", "order-matters"}});
}

TEST("all words times 2") {
    const Matrix doubled = 2.0f * sentence();
    const ch1::Trace before = ch1::self_attention(sentence()), after = ch1::self_attention(doubled);
    check_prediction("each attn_score is multiplied by", after.attn_scores(0, 1) / before.attn_scores(0, 1),
                     {{"2", "a score is a product of two words, and both are multiplied by 2",
                       "(2a) · (2b) in place of a · b", "one-factor"},
                      {"1", "a dot product grows with the lengths of both words", "./walk 1, step 2",
                       "score-without-length"}});
    const Vector sums = xt::sum(after.attn_weights, {1});
    check_prediction("each row of attn_weights still sums to 1 (yes or no)",
                     largest_difference(sums, Vector{1.0f, 1.0f, 1.0f, 1.0f, 1.0f}) < 1e-5f,
                     {{"no", "softmax divides by the sum of the row, whatever the scores are",
                       "./walk 1, step 3", "weights-grow-with-scores"}});
    const Vector largest_before = xt::amax(before.attn_weights, {1}),
                 largest_after = xt::amax(after.attn_weights, {1});
    bool grows = true;
    for (std::size_t i = 0; i < 5; ++i) grows = grows && largest_after(i) > largest_before(i);
    check_prediction("the largest weight of each row grows (yes or no)", grows,
                     {{"no", "softmax sees differences between scores, and all of them are multiplied",
                       "./walk 1, step 5, the last tensor", "softmax-ignores-factors"}});
}
