#include "chapters/07_multi_head_latent_attention/rope_inside.hpp"

namespace ch7 {
namespace {

// R(position) for one vector. Chapter 6 rotates (B, T, H, head_dim).
Vector turned(const Vector& x, const ch6::ComplexMatrix& table, std::size_t position) {
    const Tensor4 head = torch::view<4>(x, {1, 1, 1, x.size()});
    return torch::view<1>(ch6::rotate(head, table, position), {x.size()});
}

// matrix @ x for a vector x, and x @ matrix, which is matrixᵀ @ x.
Vector times(const Matrix& matrix, const Vector& x) {
    return torch::view<1>(torch::matmul(matrix, torch::view<2>(x, {x.size(), 1})), {matrix.shape(0)});
}
Vector times_transposed(const Matrix& matrix, const Vector& x) {
    return torch::view<1>(torch::matmul(torch::view<2>(x, {1, x.size()}), matrix), {matrix.shape(1)});
}

float dot(const Vector& a, const Vector& b) {
    return xt::sum(a * b)();
}

}  // namespace

RopeInside rope_inside(const Vector& q, const Matrix& w_uk, const Matrix& latents,
                       const ch6::ComplexMatrix& table, std::size_t position) {
    const std::size_t keys = latents.shape(0);
    const Vector turned_q = turned(q, table, position);
    const Vector q_absorbed = times_transposed(w_uk, turned_q);
    ch6::ComplexMatrix backwards = table;
    for (std::complex<float>& rotation : backwards) rotation = std::conj(rotation);

    RopeInside inside;
    inside.scores = Vector::from_shape({keys});
    inside.absorbed = Vector::from_shape({keys});
    inside.query_for_each_key = Matrix::from_shape({keys, latents.shape(1)});
    inside.repaired = Vector::from_shape({keys});
    for (std::size_t n = 0; n < keys; ++n) {
        const Vector latent = torch::select(latents, n);
        inside.scores(n) = dot(turned_q, turned(times(w_uk, latent), table, n));
        inside.absorbed(n) = dot(q_absorbed, latent);

        // Rotating the key by n equals rotating the query back by n, but then R(n) stands between q and W_UK.
        const Vector query = times_transposed(w_uk, turned(turned_q, backwards, n));
        xt::view(inside.query_for_each_key, n) = query;
        inside.repaired(n) = dot(query, latent);
    }
    return inside;
}

}  // namespace ch7
