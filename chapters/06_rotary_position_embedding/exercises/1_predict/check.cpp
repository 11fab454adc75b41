#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>

#include "chapters/06_rotary_position_embedding/rope.hpp"

using namespace exercise;

namespace {

constexpr std::size_t head_dim = 8;

Vector freqs() {
    return ch6::frequencies(head_dim, 10000.0f);
}

ch6::ComplexMatrix table() {
    return ch6::rotation_table(freqs(), 200);
}

// One query or key, (1, 1, 1, head_dim).
Tensor4 random_vector(std::uint64_t seed) {
    return random_tensor<4>(seed, {1, 1, 1, head_dim});
}

float length_of(const Tensor4& x) {
    float sum = 0.0f;
    for (const float number : x) sum += number * number;
    return std::sqrt(sum);
}

// Whether two things that are the same in exact arithmetic are the same here.
bool is_close(float a, float b) {
    return std::abs(a - b) < 1e-4f;
}

// The score of one query at position m and one key at position n.
float score(std::size_t m, std::size_t n) {
    const Tensor4 query = ch6::rotate(random_vector(111), table(), m);
    const Tensor4 key = ch6::rotate(random_vector(112), table(), n);
    return xt::sum(query * key)();
}

using Rotation = Tensor4 (*)(const Tensor4&, const ch6::ComplexMatrix&, std::size_t);

// The columns that change if the table rotates pair 1 and no other.
Shape columns_of_pair_1(Rotation rotation) {
    ch6::ComplexMatrix only_pair_1 = ch6::rotation_table(freqs(), 1);
    only_pair_1(0, 1) = {0.0f, 1.0f};
    const Tensor4 x = random_vector(113), rotated = rotation(x, only_pair_1, 0);
    Shape columns;
    for (std::size_t d = 0; d < head_dim; ++d)
        if (x(0, 0, 0, d) != rotated(0, 0, 0, d)) columns.push_back(d);
    return columns;
}

}  // namespace

TEST("pairs and frequencies") {
    const Vector all = freqs();
    check_prediction("how many pairs the head has", static_cast<double>(all.size()),
                     {{"8", "these are the numbers of the head; two of them are a pair", "head_dim / 2",
                       "pairs-head-dim"}});
    check_prediction("the number of the pair that rotates fastest",
                     static_cast<double>(std::max_element(all.begin(), all.end()) - all.begin()),
                     {{"3", "the last pair hardly rotates: a larger i makes theta^(-2i / head_dim) smaller",
                       "./walk 6, step 1", "rope-slowest-pair"},
                      {"1", "pairs are counted from 0", "the first pair", "counted-from-one"}});
    check_prediction("the angle of pair 2 from one token to the next, in radians", all(2),
                     {{"0.1", "the exponent is -2i / head_dim, not -i / head_dim", "i = 2", "rope-exponent"},
                      {"100", "the exponent has a minus", "theta^(-2i / head_dim)", "rope-exponent-sign"}});
    check_prediction(
        "the angle of pair 1 at position 7, in radians", std::arg(table()(7, 1)),
        {{"0.1", "this is the angle from one token to the next", "times the position", "angle-of-one-token"},
         {"7", "this is the angle of pair 0", "pair 1 rotates by 0.1 for each token", "angle-of-pair-0"}});
}

TEST("two layouts") {
    check_prediction(
        "the columns of pair 1 in Llama's layout", columns_of_pair_1(ch6::rotate),
        {{"1, 2", "this pair shares column 1 with pair 0, which is the columns 0 and 1", "(2i, 2i + 1)",
          "pairs-overlap"},
         {"0, 1", "this is pair 0", "pairs are counted from 0", "counted-from-one"},
         {"1, 5", "these are halves, Hugging Face's layout", "./walk 6, step 5", "rope-half-split"}});
    check_prediction(
        "the columns of pair 1 in Hugging Face's layout", columns_of_pair_1(ch6::rotate_half_split),
        {{"2, 3", "these are neighbours, Llama's layout", "./walk 6, step 5", "rope-neighbours"},
         {"1, 4", "column 4 is the second half of pair 0", "i + head_dim / 2", "rope-half-off-by-one"}});
}

TEST("what a rotation changes") {
    const Tensor4 query = random_vector(114), at_0 = ch6::rotate(query, table(), 0),
                  at_7 = ch6::rotate(query, table(), 7);
    check_prediction("the rotation changes the numbers of a query at position 0 (yes or no)",
                     largest_difference(query, at_0) > 0.0f,
                     {{"yes", "the angle at position 0 is 0", "./walk 6, step 2", "rope-off-by-one"}});
    check_prediction("the rotation changes the length of a query at position 7 (yes or no)",
                     !is_close(length_of(query), length_of(at_7)),
                     {{"yes", "every pair is rotated around the origin and keeps its length",
                       "./walk 6, step 2", "rope-changes-length"}});
}

TEST("scores") {
    check_prediction("query at 5 and key at 3 have the score of query at 105 and key at 103 (yes or no)",
                     is_close(score(5, 3), score(105, 103)),
                     {{"no", "both offsets are 2, and the score depends on the offset only",
                       "./walk 6, step 4", "rope-absolute"}});
    check_prediction("query at 5 and key at 3 have the score of query at 3 and key at 5 (yes or no)",
                     is_close(score(5, 3), score(3, 5)),
                     {{"yes", "the offsets are 2 and -2: before and after are not the same",
                       "./walk 6, step 4", "rope-offset-without-sign"}});
}
