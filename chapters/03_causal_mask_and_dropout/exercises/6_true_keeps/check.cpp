#include "common/exercise/check.hpp"

#include <algorithm>

#include "scaled_dot_product_attention.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/03_causal_mask_and_dropout/exercises/6_true_keeps/attend.cpp"
}

using namespace exercise;

Matrix attend(const Matrix& queries, const Matrix& keys, const Matrix& values,
              const std::vector<bool>& is_padding);
std::vector<bool> fixture();

namespace {

using Padding = std::vector<bool>;

// A sentence: what the student's function gets.
struct Sentence {
    Matrix queries, keys, values;
    Padding is_padding;
};

Sentence sentence(std::uint64_t seed, const Padding& is_padding) {
    const std::size_t tokens = is_padding.size();
    return {random_tensor<2>(seed, {tokens, 4}), random_tensor<2>(seed + 1, {tokens, 4}),
            random_tensor<2>(seed + 2, {tokens, 3}), is_padding};
}

// The attention in which query i sees key j if `sees(i, j)`.
template <class Sees>
Matrix attention_where(const Sentence& s, const Matrix& values, Sees sees) {
    Mask mask = Mask::from_shape({s.is_padding.size(), s.is_padding.size()});
    for (std::size_t i = 0; i < mask.shape(0); ++i)
        for (std::size_t j = 0; j < mask.shape(1); ++j) mask(i, j) = sees(i, j);
    return scaled_dot_product_attention(s.queries, s.keys, values, mask);
}

Matrix expected(const Sentence& s) {
    return attention_where(s, s.values, [&](std::size_t, std::size_t j) { return !s.is_padding[j]; });
}

Matrix with_zeroed_values(const Sentence& s) {
    Matrix values = s.values;
    for (std::size_t j = 0; j < values.shape(0); ++j)
        for (std::size_t column = 0; s.is_padding[j] && column < values.shape(1); ++column)
            values(j, column) = 0.0f;
    return scaled_dot_product_attention(s.queries, s.keys, values);
}

Vector as_ones_and_zeros(const Padding& is_padding) {
    Vector numbers = Vector::from_shape({is_padding.size()});
    std::copy(is_padding.begin(), is_padding.end(), numbers.begin());
    return numbers;
}

void check_sentence(const Sentence& s) {
    check_tensor(
        "context_vecs", answer([&] { return attend(s.queries, s.keys, s.values, s.is_padding); }),
        expected(s), {"T", "d_v"},
        {{"mask-inverted", "every token attends to the padding, and to no real token",
          "what true means in the mask that you pass (./walk 3, step 7)",
          [&] { return shipped::attend(s.queries, s.keys, s.values, s.is_padding); }},
         {"mask-missing", "nothing is masked, so every token attends to the padding too",
          "pass a mask that is true for the real tokens",
          [&] { return scaled_dot_product_attention(s.queries, s.keys, s.values); }},
         {"mask-wrong-axis",
          "the mask removes the rows of the padding tokens instead of their columns, so real tokens still see them",
          "attn_mask(i, j): i is the query, and j is the key",
          [&] {
              return attention_where(s, s.values,
                                     [&](std::size_t i, std::size_t) { return !s.is_padding[i]; });
          }},
         {"padding-zeroed", "the values of the padding are 0, but softmax still gives the padding a weight",
          "a masked key has the weight 0, and the weights of the others sum to 1",
          [&] { return with_zeroed_values(s); }}});
}

}  // namespace

TEST("the friendly test: a sentence without padding") {
    check_sentence(sentence(371, Padding(4, false)));
}

TEST("the check's fixture: six tokens, the last two are padding") {
    const Sentence s = sentence(374, {false, false, false, false, true, true});
    given("is_padding", as_ones_and_zeros(s.is_padding));
    check_sentence(s);
}

TEST("five tokens, the first one is padding") {
    const Sentence s = sentence(377, {true, false, false, false, false});
    given("is_padding", as_ones_and_zeros(s.is_padding));
    check_sentence(s);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const Padding is_padding = answer([] { return fixture(); });
    given("your fixture", as_ones_and_zeros(is_padding));
    check_that(!is_padding.empty() && is_padding.size() <= 100, "the fixture has 1 to 100 tokens");
    check_that(std::find(is_padding.begin(), is_padding.end(), false) != is_padding.end(),
               "the fixture has a token that is not padding");
    const Sentence s = sentence(380, is_padding);
    check_fixture(shipped::attend(s.queries, s.keys, s.values, s.is_padding), expected(s),
                  "no token of this fixture is padding, so both versions pass no mask");
    check_sentence(s);
}
