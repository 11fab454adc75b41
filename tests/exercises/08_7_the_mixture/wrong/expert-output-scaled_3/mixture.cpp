#include <cmath>
#include <vector>

#include "common/tensor.hpp"
#include "expert.hpp"

// w2(silu(w1 x) * w3 x) for each token: (N, dim) -> (N, dim). silu(z) = z / (1 + exp(-z)).
Matrix swiglu(const Matrix& x, const Expert& expert) {
    Matrix gate = torch::matmul_transposed(x, expert.w1);
    for (float& value : gate) value = value / (1.0f + std::exp(-value));
    const Matrix up = torch::matmul_transposed(x, expert.w3);
    const Matrix product = gate * up;
    return torch::matmul_transposed(product, expert.w2);
}

// shared_expert(x) plus, for each expert e, experts[e](score * x), where the score of token n is
// router_scores(e, n). (N, dim), (E, N) -> (N, dim)
Matrix mixture(const Matrix& x, const Matrix& router_scores, const std::vector<Expert>& experts,
               const Expert& shared_expert) {
    Matrix output = swiglu(x, shared_expert);
    for (std::size_t e = 0; e < experts.size(); ++e) {
        Matrix scaled = swiglu(x, experts[e]);
        for (std::size_t n = 0; n < x.shape(0); ++n) {
            for (std::size_t i = 0; i < x.shape(1); ++i) scaled(n, i) *= router_scores(e, n);
        }
        output += scaled;
    }
    return output;
}
