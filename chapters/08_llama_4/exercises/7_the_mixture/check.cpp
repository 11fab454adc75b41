#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/08_llama_4/exercises/7_the_mixture/expert.hpp"
#include "chapters/08_llama_4/mistakes.hpp"
#include "chapters/08_llama_4/mixture_of_experts.hpp"

using namespace exercise;

Matrix swiglu(const Matrix& x, const Expert& expert);
Matrix mixture(const Matrix& x, const Matrix& router_scores, const std::vector<Expert>& experts,
               const Expert& shared_expert);

namespace {

constexpr std::size_t dim = 5;

Expert matrices(const ch8::FeedForward& network) {
    return {network.w1.weight, network.w2.weight, network.w3.weight};
}

// The network with another function in the place of silu.
template <class Gate>
Matrix network_with(const Matrix& x, const ch8::FeedForward& network, Gate gate) {
    Matrix gates = network.w1(x);
    for (float& value : gates) value = gate(value);
    const Matrix product = gates * network.w3(x);
    return network.w2(product);
}

// The sum over all experts of expert(in * x) * out, where each is the score or 1.
Matrix sum_of_experts(const Matrix& x, const Matrix& scores, const ch8::MoeWeights& weights,
                      bool scales_input, bool scales_output) {
    Matrix sum = xt::zeros_like(x);
    for (std::size_t e = 0; e < weights.experts.size(); ++e) {
        const Matrix column = torch::view<2>(torch::select(scores, e), {x.shape(0), 1});
        const Matrix chosen = xt::where(column > 0.0f, 1.0f, 0.0f);
        const Matrix input = x * (scales_input ? column : chosen);
        const Matrix output = weights.experts[e](input).output;
        if (scales_output) {
            sum += output * column;
        } else {
            sum += output;
        }
    }
    return sum;
}

void check_mixture(std::size_t tokens, std::size_t num_experts, std::size_t top_k) {
    torch::Generator generator(851);
    const ch8::MoeWeights weights = ch8::random_moe(generator, dim, num_experts, 7);
    const Matrix x = 3.0f * random_tensor<2>(852, {tokens, dim});
    const ch8::MoeTrace right = ch8::mixture_of_experts(x, weights, top_k);
    const Matrix& scores = right.router_scores;
    const auto with_shared = [&](bool scales_input, bool scales_output) {
        return [=, &weights, &right] {
            const Matrix sum =
                right.shared_expert + sum_of_experts(x, scores, weights, scales_input, scales_output);
            return AnyTensor(sum);
        };
    };
    std::vector<Expert> experts;
    for (const ch8::FeedForward& each : weights.experts) experts.push_back(matrices(each));

    given("x", x);
    given("router_scores", scores);
    const Mistakes table = ch8::mistakes();
    check_tensor("output",
                 answer([&] { return mixture(x, scores, experts, matrices(weights.shared_expert)); }),
                 right.output, {"N", "dim"},
                 {{"expert-output-scaled", "the score multiplies the expert's output instead of its input",
                   "expert(score * x), not score * expert(x)", with_shared(false, true)},
                  {"expert-scaled-twice", "the score multiplies both the expert's input and its output",
                   "expert(score * x)", with_shared(true, true)},
                  cause_of(table, "router-without-score", with_shared(false, false)),
                  cause_of(table, "shared-expert-missing", [&] { return right.experts; }),
                  {"shared-expert-alone", "only the shared expert's output is there",
                   "plus experts[e](score * x)", [&] { return right.shared_expert; }},
                  {"every-expert-unscaled", "every expert processes every token, without a score",
                   "experts[e](score * x)", [&] {
                       const Matrix ones = xt::ones<float>(scores.shape());
                       const Matrix sum = right.shared_expert + sum_of_experts(x, ones, weights, true, false);
                       return sum;
                   }}});
}

}  // namespace

TEST("swiglu of four tokens") {
    torch::Generator generator(853);
    const ch8::FeedForward network = ch8::random_feed_forward(generator, dim, 7);
    const Matrix x = 3.0f * random_tensor<2>(854, {4, dim});
    given("x", x);
    given("w1", network.w1.weight);
    given("w2", network.w2.weight);
    given("w3", network.w3.weight);
    const Mistakes table = ch8::mistakes();
    check_tensor(
        "output", answer([&] { return swiglu(x, matrices(network)); }), network(x).output, {"N", "dim"},
        {cause_of(table, "gate-and-up-swapped",
                  [&] {
                      return ch8::FeedForward{network.w3, network.w2, network.w1}(x).output;
                  }),
         cause_of(table, "silu-missing", [&] { return network_with(x, network, [](float z) { return z; }); }),
         cause_of(table, "sigmoid-instead-of-silu", [&] { return network_with(x, network, ch8::sigmoid); }),
         {"relu-instead-of-silu", "the gate is relu(w1 x)", "z * sigmoid(z)",
          [&] { return network_with(x, network, [](float z) { return std::max(z, 0.0f); }); }},
         {"up-missing", "w3 x is missing: this is w2(silu(w1 x))", "silu(w1 x) * w3 x",
          [&] { return network.w2(network(x).gate); }}});
}

TEST("a mixture: six tokens, each goes to 1 of 3 experts") {
    check_mixture(6, 3, 1);
}

TEST("a mixture: four tokens, each goes to 2 of 4 experts") {
    check_mixture(4, 4, 2);
}
