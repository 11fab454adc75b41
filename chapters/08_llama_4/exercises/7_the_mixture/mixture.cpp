#include <cmath>
#include <vector>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"
#include "expert.hpp"

// N = tokens, E = experts. torch::matmul_transposed(x, w) is x @ w.T: (N, dim), (F, dim) -> (N, F). Two
// matrices of the same shape can be added and multiplied number by number: const Matrix sum = a + b;

// w2(silu(w1 x) * w3 x) for each token: (N, dim) -> (N, dim). silu(z) = z / (1 + exp(-z)).
Matrix swiglu(const Matrix& x, const Expert& expert) {
    throw exercise::Missing("swiglu: w2(silu(w1 x) * w3 x)");
}

// shared_expert(x) plus, for each expert e, experts[e](score * x), where the score of token n is
// router_scores(e, n). (N, dim), (E, N) -> (N, dim)
Matrix mixture(const Matrix& x, const Matrix& router_scores, const std::vector<Expert>& experts,
               const Expert& shared_expert) {
    throw exercise::Missing("mixture: the shared expert's output plus experts[e](score * x)");
}
