#include <cmath>

#include "common/tensor.hpp"

// For each token, the sigmoid of its top_k largest logits, and 0 for all other experts.
// N = tokens, E = experts: (N, E) -> (E, N). No two logits of a token are equal.
Matrix route(const Matrix& router_logits, std::size_t top_k) {
    const std::size_t tokens = router_logits.shape(0), experts = router_logits.shape(1);
    Matrix scores = xt::zeros<float>({experts, tokens});
    for (std::size_t n = 0; n < tokens; ++n) {
        for (std::size_t e = 0; e < experts; ++e) {
            std::size_t larger = 0;
            for (std::size_t other = 0; other < experts; ++other) {
                if (router_logits(n, other) > router_logits(n, e)) ++larger;
            }
            if (larger < top_k) scores(e, n) = router_logits(n, e);
        }
    }
    return scores;
}
