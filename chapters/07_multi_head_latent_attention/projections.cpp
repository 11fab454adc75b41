#include "chapters/07_multi_head_latent_attention/projections.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

namespace ch7 {
namespace {

// One k_pe serves all heads, so RoPE rotates it as a single head.
Tensor3 rotate_shared(const Tensor3& k_pe, const ch6::ComplexMatrix& table, std::size_t start_pos) {
    const std::size_t batch = k_pe.shape(0), tokens = k_pe.shape(1), rope = k_pe.shape(2);
    const Tensor4 one_head = torch::view<4>(k_pe, {batch, tokens, 1, rope});
    return torch::view<3>(ch6::rotate(one_head, table, start_pos), {batch, tokens, rope});
}

// wkv_b.view(H, nope + v, c): for each head, the rows for its keys, then those for its values.
View3 rows_by_head(const Weights& weights, const Config& config) {
    const Matrix& all = weights.wkv_b.weight;
    const std::size_t heads = config.n_heads, of_a_head = config.qk_nope_head_dim + config.v_head_dim;
    if (all.shape(0) != heads * of_a_head || all.shape(1) != config.kv_lora_rank) {
        throw std::invalid_argument(fmt::format("wkv_b is ({}, {}), not ({}, {})", all.shape(0), all.shape(1),
                                                heads * of_a_head, config.kv_lora_rank));
    }
    return View3(all, {heads, of_a_head, config.kv_lora_rank});
}

}  // namespace

Weights random_weights(torch::Generator& generator, const Config& config) {
    const std::size_t q_width = config.n_heads * config.qk_head_dim();
    const std::size_t kv_width = config.n_heads * (config.qk_nope_head_dim + config.v_head_dim);
    Weights weights;
    if (config.q_lora_rank == 0) {
        weights.wq = ch2::random_linear(generator, config.dim, q_width);
    } else {
        weights.wq_a = ch2::random_linear(generator, config.dim, config.q_lora_rank);
        weights.q_norm = xt::ones<float>({config.q_lora_rank});
        weights.wq_b = ch2::random_linear(generator, config.q_lora_rank, q_width);
    }
    weights.wkv_a = ch2::random_linear(generator, config.dim, config.kv_lora_rank + config.qk_rope_head_dim);
    weights.kv_norm = xt::ones<float>({config.kv_lora_rank});
    weights.wkv_b = ch2::random_linear(generator, config.kv_lora_rank, kv_width);
    weights.wo = ch2::random_linear(generator, config.n_heads * config.v_head_dim, config.dim);
    return weights;
}

Projections project(const Tensor3& x, const Weights& weights, const Config& config,
                    const ch6::ComplexMatrix& table, std::size_t start_pos) {
    check(config);
    Projections made;

    // Queries: directly from x, or through a latent of their own.
    Tensor3 flat_q;
    if (config.q_lora_rank == 0) {
        flat_q = weights.wq(x);
    } else {
        made.q_latent = weights.wq_a(x);
        made.q_normed = rms_norm(made.q_latent, weights.q_norm);
        flat_q = weights.wq_b(made.q_normed);
    }

    // Keys and values: one product computes the latent and, beside it, the position part of the key.
    const Tensor3 down = weights.wkv_a(x);
    cut_and_turn(made, flat_q, down, weights, config, table, start_pos);
    return made;
}

void cut_and_turn(Projections& made, const Tensor3& flat_q, const Tensor3& down, const Weights& weights,
                  const Config& config, const ch6::ComplexMatrix& table, std::size_t start_pos) {
    const std::size_t batch = flat_q.shape(0), tokens = flat_q.shape(1), c = config.kv_lora_rank;
    const std::size_t nope = config.qk_nope_head_dim, rope = config.qk_rope_head_dim;

    // Each query head is split in two, and only the second part is rotated.
    made.q = torch::view<4>(flat_q, {batch, tokens, config.n_heads, nope + rope});
    made.q_nope = torch::narrow(made.q, 3, 0, nope);
    made.q_pe = torch::narrow(made.q, 3, nope, rope);
    made.q_pe_rotated = ch6::rotate(made.q_pe, table, start_pos);

    // The product for the keys is split too: the latent is normed, and the position part is rotated.
    made.kv_latent = torch::narrow(down, 2, 0, c);
    made.kv_normed = rms_norm(made.kv_latent, weights.kv_norm);
    made.k_pe = torch::narrow(down, 2, c, rope);
    made.k_pe_rotated = rotate_shared(made.k_pe, table, start_pos);
}

View3 w_uk(const Weights& weights, const Config& config) {
    return rows_by_head(weights, config).narrow(1, 0, config.qk_nope_head_dim);
}

View3 w_uv(const Weights& weights, const Config& config) {
    return rows_by_head(weights, config).narrow(1, config.qk_nope_head_dim, config.v_head_dim);
}

}  // namespace ch7
