#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"

using namespace exercise;

namespace {

ch1::Trace trace() {
    return ch1::self_attention(random_tensor<2>(15, {5, 3}));
}

Shape shape_of(const Matrix& tensor) {
    return {tensor.shape(0), tensor.shape(1)};
}

bool equals_its_transpose(const Matrix& tensor) {
    return largest_difference(tensor, torch::transpose(tensor)) < 1e-5f;
}

}  // namespace

TEST("shapes") {
    check_prediction(
        "shape of attn_scores", shape_of(trace().attn_scores),
        {{"3, 3", "this is the shape of inputs.T @ inputs", "the inner sizes go away", "shape-transposed"},
         {"5, 3", "this is the shape of the inputs", "a score for every pair of words", "shape-of-inputs"}});
    check_prediction("shape of context_vecs", shape_of(trace().context_vecs),
                     {{"5, 5", "this is the shape of the weights", "one vector of width 3 for each word",
                       "shape-of-weights"}});
}

TEST("which tensors are symmetric") {
    check_prediction("attn_scores equals its transpose (yes or no)",
                     equals_its_transpose(trace().attn_scores));
    check_prediction("attn_weights equals its transpose (yes or no)",
                     equals_its_transpose(trace().attn_weights),
                     {{"yes", "the scores are symmetric, and softmax divides each row by its own sum",
                       "./walk 1, step 7", "softmax-keeps-symmetry"}});
}

TEST("numbers") {
    const float sum = xt::sum(trace().attn_weights)();
    check_prediction(
        "sum of all attn_weights", sum,
        {{"1", "each row sums to 1, and there are five rows", "./walk 1, step 7", "sum-of-one-row"}});

    const Vector weights = ch1::softmax(Vector{0.0f, std::log(3.0f)});
    check_prediction("softmax of the scores 0 and ln 3, the second weight", weights(1));

    const Vector scores{0.0f, std::log(3.0f)}, larger = scores + 10.0f;
    check_prediction("a weight of 0.25 after all scores of its row grow by 10", ch1::softmax(larger)(0),
                     {{"10.25", "the scores grow, and softmax divides by a sum that grows as much",
                       "./walk 1, step 5", "softmax-adds"}});
}
