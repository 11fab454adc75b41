// Mixture of experts: many feed-forward networks, of which each token uses a few. A router chooses them.
// N = tokens of all sequences, E = experts
#pragma once
#include <cstddef>
#include <vector>

#include "chapters/08_llama_4/feed_forward.hpp"
#include "common/tensor.hpp"

namespace ch8 {

struct MoeWeights {
    ch2::Linear router;                // (E, dim)
    std::vector<FeedForward> experts;  // E
    FeedForward shared_expert;         // processes every token
};
// Draws the router, then the experts in their order, then the shared expert.
MoeWeights random_moe(torch::Generator& generator, std::size_t dim, std::size_t num_experts,
                      std::size_t expert_dim);

struct MoeTrace {
    Matrix router_logits;  // (N, E)
    Matrix router_scores;  // (E, N)    the sigmoid of each token's top_k logits; 0 elsewhere
    Matrix shared_expert;  // (N, dim)
    Matrix experts;        // (N, dim)  the sum of what a token's experts return
    Matrix output;         // (N, dim)  shared_expert + experts
};

// x (N, dim). The score multiplies an expert's INPUT: expert(score * x), not score * expert(x).
MoeTrace mixture_of_experts(const Matrix& x, const MoeWeights& weights, std::size_t top_k);

// The step between router_logits (N, E) and router_scores (E, N). Equal logits: the expert with the lower
// number comes first.
Matrix route(const Matrix& router_logits, std::size_t top_k);

}  // namespace ch8
