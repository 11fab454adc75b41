#include <algorithm>
#include <cmath>
#include <vector>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// For each token, the sigmoid of its top_k largest logits, and 0 for all other experts.
// N = tokens, E = experts: (N, E) -> (E, N). No two logits of a token are equal.
Matrix route(const Matrix& router_logits, std::size_t top_k) {
    const std::size_t tokens = router_logits.shape(0), experts = router_logits.shape(1);
    Matrix scores = xt::zeros<float>({experts, tokens});

    // router_logits(n, e) is the logit of token n for expert e, scores(e, n) its score. To find the largest,
    // you may count for each logit how many logits of the same token are larger. Your code replaces the next
    // line.
    throw exercise::Missing("the sigmoid of each token's top_k logits, in a row for each expert");

    return scores;
}
