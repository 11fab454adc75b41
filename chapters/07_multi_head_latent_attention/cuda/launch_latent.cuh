// The host's code for the ladder. Machine is CudaMachine or EmulatedMachine.
#pragma once
#include <algorithm>
#include <string>

#include "chapters/05_grouped_query_attention/cuda/merge_splits.cuh"
#include "chapters/07_multi_head_latent_attention/cuda/1_three_products.cuh"
#include "chapters/07_multi_head_latent_attention/cuda/2_fused.cuh"
#include "chapters/07_multi_head_latent_attention/cuda/latent_decode.hpp"
#include "common/cuda/host_tensors.hpp"
#include "common/cuda/splits.hpp"

namespace ch7::KERNEL_SIDE {

// Rung 1. scores (B, H, tokens) and weights of the same shape are used only inside this rung.
template <class T, class Machine>
void launch_three_products(Machine& machine, const LatentShape& s, Global<const T> queries,
                           Global<const T> cache, Global<float> scores, Global<T> weights,
                           Global<float> context) {
    const long width = s.width(), query_batch = s.n_heads * width, cache_batch = s.max_tokens * width;
    const long score_batch = static_cast<long>(s.n_heads) * s.tokens,
               context_batch = static_cast<long>(s.n_heads) * s.kv_lora_rank;
    const Product content{s.n_heads, s.tokens,    s.kv_lora_rank, s.batch,  width,       query_batch,
                          width,     cache_batch, true,           s.tokens, score_batch, 0};
    const Product position{s.n_heads,   s.tokens, s.qk_rope_head_dim, s.batch,     width, query_batch, width,
                           cache_batch, true,     s.tokens,           score_batch, 1};
    const Product mix{s.n_heads, s.kv_lora_rank, s.tokens, s.batch,        s.tokens,      score_batch,
                      width,     cache_batch,    false,    s.kv_lora_rank, context_batch, 0};
    machine.template multiply<T>(content, queries, cache, scores);
    machine.template multiply<T>(position, queries + s.kv_lora_rank, cache + s.kv_lora_rank, scores);
    const int rows = s.batch * s.n_heads;
    const Grid grid{(rows + rows_of_block - 1) / rows_of_block, 1, 1, 32 * rows_of_block};
    machine.launch("softmax_rows", softmax_rows<T>, grid, rows, s.tokens, s.softmax_scale, scores, weights);
    machine.template multiply<T>(mix, weights, cache, context);
}

// Calls `with` with the smallest compiled tiles that are large enough for latents and k_pe: DeepSeek's, or
// those of a small layer.
template <class With>
void with_tiles(int kv_lora_rank, int qk_rope_head_dim, const With& with) {
    if (kv_lora_rank <= 32 && qk_rope_head_dim <= 32) return with(LatentTiles<32, 32, 2>{});
    if (kv_lora_rank <= 512 && qk_rope_head_dim <= 64) return with(LatentTiles<512, 64, 8>{});
    throw DeviceError("fused_latent_decode: latents of " + std::to_string(kv_lora_rank) + " with " +
                      std::to_string(qk_rope_head_dim) +
                      " for the position are over 512 and 64; use the rung three products");
}

// Rung 2. The widths in `s` are those of the tiles.
template <class Machine>
void launch_fused(Machine& machine, const LatentShape& s, const Splits& splits, Global<const bf16> queries,
                  Global<const bf16> cache, Global<float> partial_context, Global<float> partial_lse,
                  Global<float> context) {
    with_tiles(s.kv_lora_rank, s.qk_rope_head_dim, [&](auto tiles) {
        using Tiles = decltype(tiles);
        const int head_groups = (s.n_heads + heads_of_block - 1) / heads_of_block;
        const Grid grid{splits.count, head_groups, s.batch, 32 * Tiles::warps, Tiles::shared_bytes};
        machine.launch("fused_latent_decode", fused_latent_decode<Tiles>, grid, s, splits.tokens, queries,
                       cache, partial_context, partial_lse);
    });
    machine.launch("merge_splits", ch5::KERNEL_SIDE::merge_splits, Grid{s.batch * s.n_heads, 1, 1, 128},
                   splits.count, s.kv_lora_rank, partial_context, partial_lse, context);
}

inline void check(const LatentInput& input) {
    const LatentShape& s = input.shape;
    check_sizes("latent_decode", {{"batch", s.batch},
                                  {"n_heads", s.n_heads},
                                  {"kv_lora_rank", s.kv_lora_rank},
                                  {"qk_rope_head_dim", s.qk_rope_head_dim},
                                  {"tokens", s.tokens}});
    if (s.tokens > s.max_tokens) throw std::invalid_argument("latent_decode: more tokens than max_tokens");
    check_size("queries", input.queries.size(), {s.batch, s.n_heads, s.width()});
    check_size("cache", input.cache.size(), {s.batch, s.max_tokens, s.width()});
}

template <class T, class Machine>
LatentRun three_products(Machine& machine, const LatentShape& s, const std::vector<T>& queries_,
                         const std::vector<T>& cache_) {
    const auto queries = machine.upload("queries", queries_);
    const auto cache = machine.upload("cache", cache_);
    const auto scores = machine.template poisoned<float>("scores", count({s.batch, s.n_heads, s.tokens}));
    const auto weights = machine.template poisoned<T>("weights", count({s.batch, s.n_heads, s.tokens}));
    const auto context =
        machine.template poisoned<float>("context", count({s.batch, s.n_heads, s.kv_lora_rank}));
    const auto seconds = machine.measure(
        [&] { launch_three_products<T>(machine, s, queries, cache, scores, weights, context); });
    return {machine.download(context), machine.report(seconds)};
}

// Pads rows of [latent, rope] with zeros after each part, up to the widths of the tiles.
inline std::vector<bf16> padded_rows(const std::vector<float>& rows, const LatentShape& from,
                                     const LatentShape& to) {
    const std::size_t n = rows.size() / count({from.width()});
    std::vector<float> padded(n * count({to.width()}));
    for (std::size_t i = 0; i < n; ++i) {
        const auto row = rows.begin() + static_cast<long>(i) * from.width();
        const auto wide = padded.begin() + static_cast<long>(i) * to.width();
        std::copy_n(row, from.kv_lora_rank, wide);
        std::copy_n(row + from.kv_lora_rank, from.qk_rope_head_dim, wide + to.kv_lora_rank);
    }
    return rounded_to_bf16(padded);
}

template <class Machine>
LatentRun fused(Machine& machine, const LatentInput& input) {
    LatentShape s = input.shape;
    int least_tokens = 0;
    with_tiles(s.kv_lora_rank, s.qk_rope_head_dim, [&](auto tiles) {
        s.kv_lora_rank = decltype(tiles)::latent;
        s.qk_rope_head_dim = decltype(tiles)::width - decltype(tiles)::latent;
        least_tokens = decltype(tiles)::tokens;
    });
    const auto queries = machine.upload("queries", padded_rows(input.queries, input.shape, s));
    const auto cache = machine.upload("cache", padded_rows(input.cache, input.shape, s));

    const int blocks = s.batch * ((s.n_heads + heads_of_block - 1) / heads_of_block);
    const Splits splits = choose_splits(s.tokens, blocks, machine.multiprocessors(), least_tokens);
    const std::size_t rows = count({s.batch, s.n_heads});
    const auto partial_lse = machine.template poisoned<float>("partial_lse", rows * count({splits.count}));
    const auto partial_context =
        machine.template poisoned<float>("partial_context", rows * count({splits.count, s.kv_lora_rank}));
    const auto context = machine.template poisoned<float>("context", rows * count({s.kv_lora_rank}));
    const auto seconds = machine.measure(
        [&] { launch_fused(machine, s, splits, queries, cache, partial_context, partial_lse, context); });
    return {cut_rows(machine.download(context), s.kv_lora_rank, input.shape.kv_lora_rank),
            machine.report(seconds)};
}

template <class Machine>
LatentRun latent_decode_on(Machine& machine, LatentRung rung, const LatentInput& input) {
    check(input);
    if (rung == LatentRung::fused) return fused(machine, input);
    if (rung == LatentRung::three_products)
        return three_products(machine, input.shape, input.queries, input.cache);
    return three_products(machine, input.shape, rounded_to_bf16(input.queries), rounded_to_bf16(input.cache));
}

}  // namespace ch7::KERNEL_SIDE
