#include "chapters/10_flash_attention/latent.hpp"

#include <vector>

#include "chapters/10_flash_attention/decode.hpp"
#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace ch10 {

void latent_absorbed(const LatentCall& call, float* output, std::size_t threads) {
    const std::size_t c = call.latents.width, nope = call.q_nope.width, v = call.v_head_dim;
    const std::size_t rows = call.batch * call.n_queries, row = call.n_heads * c;
    std::vector<float> q_absorbed(rows * row), context(rows * row);  // (B, T, H, c)
    const blas::Threads in_blas(1);

    // q_nope W_UK, for each head.
    parallel_for(call.n_heads, threads, [&](std::size_t h, std::size_t) {
        const float* w_uk = call.wkv_b + h * (nope + v) * c;
        for (std::size_t b = 0; b < call.batch; ++b) {
            blas::multiply(call.n_queries, c, nope, {call.q_nope.at(b, 0, h), call.q_nope.row_stride},
                           {w_uk, c}, 0.0f, {&q_absorbed[b * call.n_queries * row + h * c], row});
        }
    });

    // Keys and values are both the latents, and all heads share them: as if there were one key head.
    AttentionCall attention;
    attention.batch = call.batch;
    attention.n_queries = call.n_queries;
    attention.n_keys = call.n_keys;
    attention.n_heads = call.n_heads;
    attention.n_kv_heads = 1;
    attention.queries = {q_absorbed.data(), call.n_queries * row, row, c, c};
    attention.keys = attention.values = call.latents;
    attention.queries_pe = call.q_pe;
    attention.keys_pe = call.k_pe;
    attention.scale = call.scale;
    attention.start_pos = call.start_pos;
    decode_latent(attention, context.data(), threads);

    // context W_UVᵀ, for each head.
    parallel_for(call.n_heads, threads, [&](std::size_t h, std::size_t) {
        const float* w_uv = call.wkv_b + (h * (nope + v) + nope) * c;
        blas::multiply_transposed(rows, v, c, 1.0f, {&context[h * c], row}, {w_uv, c}, 0.0f,
                                  {output + h * v, call.n_heads * v});
    });
}

}  // namespace ch10
