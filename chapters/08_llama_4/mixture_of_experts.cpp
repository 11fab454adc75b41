#include "chapters/08_llama_4/mixture_of_experts.hpp"

#include <algorithm>
#include <numeric>

namespace ch8 {
namespace {

// Gathers the tokens of one expert, each multiplied by its score, runs the expert on them, and adds its
// outputs to the rows of these tokens.
void add_expert(const Matrix& x, const Vector& scores, const FeedForward& expert, Matrix& sum) {
    std::vector<std::size_t> tokens;
    for (std::size_t n = 0; n < scores.size(); ++n) {
        if (scores(n) != 0.0f) tokens.push_back(n);
    }
    if (tokens.empty()) return;

    Matrix routed_in = Matrix::from_shape({tokens.size(), x.shape(1)});
    for (std::size_t row = 0; row < tokens.size(); ++row) {
        xt::view(routed_in, row) = scores(tokens[row]) * xt::view(x, tokens[row]);
    }
    const Matrix routed_out = expert(routed_in).output;
    for (std::size_t row = 0; row < tokens.size(); ++row) {
        xt::view(sum, tokens[row]) += xt::view(routed_out, row);
    }
}

}  // namespace

MoeWeights random_moe(torch::Generator& generator, std::size_t dim, std::size_t num_experts,
                      std::size_t expert_dim) {
    MoeWeights weights;
    weights.router = ch2::random_linear(generator, dim, num_experts);
    for (std::size_t e = 0; e < num_experts; ++e) {
        weights.experts.push_back(random_feed_forward(generator, dim, expert_dim));
    }
    weights.shared_expert = random_feed_forward(generator, dim, expert_dim);
    return weights;
}

MoeTrace mixture_of_experts(const Matrix& x, const MoeWeights& weights, std::size_t top_k) {
    MoeTrace trace;
    trace.router_logits = weights.router(x);
    trace.router_scores = route(trace.router_logits, top_k);
    trace.shared_expert = weights.shared_expert(x).output;

    trace.experts = xt::zeros_like(x);
    for (std::size_t e = 0; e < weights.experts.size(); ++e) {
        add_expert(x, torch::select(trace.router_scores, e), weights.experts[e], trace.experts);
    }
    trace.output = trace.shared_expert + trace.experts;
    return trace;
}

Matrix route(const Matrix& router_logits, std::size_t top_k) {
    const std::size_t tokens = router_logits.shape(0), experts = router_logits.shape(1);
    Matrix scores = xt::zeros<float>({experts, tokens});
    std::vector<std::size_t> order(experts);
    for (std::size_t n = 0; n < tokens; ++n) {
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return router_logits(n, a) > router_logits(n, b);
        });
        for (std::size_t k = 0; k < top_k; ++k) scores(order[k], n) = sigmoid(router_logits(n, order[k]));
    }
    return scores;
}

}  // namespace ch8
