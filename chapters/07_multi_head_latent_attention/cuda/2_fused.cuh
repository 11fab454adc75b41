// Rung 2: one kernel, and each latent is read once. A row of the cache is copied to shared memory. First it
// is a key, and all its 576 numbers are multiplied with the queries. Then it is a value, and its first 512
// numbers are multiplied with the weights.
//
//   16 heads use the rows of one tile; 8 warps divide the work on it, in two ways:
//
//        scores (16 heads, 64 tokens)                    context (16 heads, 512 columns)
//        ┌──────┬──────┬───   ───┬──────┐                ┌──────┬──────┬───   ───┬──────┐
//        │warp 0│warp 1│   ...   │warp 7│   ──weights──► │warp 0│warp 1│   ...   │warp 7│
//        └──────┴──────┴───   ───┴──────┘  in shared     └──────┴──────┴───   ───┴──────┘
//          8 tokens each, all 576 columns    memory        64 columns each, all 64 tokens
//
// Between the two, the warps must synchronise: a row's maximum is over all warps, and every warp needs all
// weights. The tokens are divided into splits as in chapter 5, and the same kernel merges them.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/running_softmax.cuh"
#include "chapters/07_multi_head_latent_attention/cuda/latent_shape.hpp"

namespace ch7::KERNEL_SIDE {

using ch5::KERNEL_SIDE::RunningSoftmax;

constexpr int heads_of_block = 16;  // the rows of an mma tile

// The sizes of a block: latents of `latent` numbers followed by `rope`, processed by `warps` warps.
template <int latent_, int rope_, int warps_>
struct LatentTiles {
    static constexpr int latent = latent_, width = latent_ + rope_, warps = warps_;
    static constexpr int tokens = 8 * warps;                // of a tile: 8 for each warp
    static constexpr int columns_of_warp = latent / warps;  // of the context
    static_assert(columns_of_warp % 16 == 0 && width % 32 == 0, "whole mma tiles");

    // Queries, two tiles of latents, weights, and the largest scores and sums that the warps exchange.
    static constexpr std::size_t shared_bytes =
        sizeof(bf16) * (heads_of_block * width + 2 * tokens * width + heads_of_block * tokens) +
        sizeof(float) * 2 * heads_of_block * warps;
};

// Eight rows of a tile as the right operand of two mma: b[0] has 16 of their columns from `column` on, b[1]
// the next 16 columns.
template <int columns>
__device__ inline TwoFragmentsB load_eight_keys(const Tile<columns>& tile, int row, int column,
                                                Place place = Place::current()) {
    const int lane = threadIdx.x % 32;
    std::uint32_t r[4];
    ldmatrix_x4(r, tile.at(row + lane % 8, column + lane / 8 * 8), place);
    return two_fragments(r);
}

// All threads start to copy `rows` rows to the tile; from `valid_rows` on, rows become zeros.
template <int rows, int width>
__device__ inline void copy_rows(const Tile<width>& tile, Global<const bf16> from, int valid_rows) {
    constexpr int chunks = width / 8;
    for (int i = threadIdx.x; i < rows * chunks; i += blockDim.x) {
        const int row = i / chunks, column = i % chunks * 8;
        cp_async(tile.at(row, column),
                 from + (row < valid_rows ? static_cast<long>(row) * width + column : 0), row < valid_rows);
    }
}

// grid (splits, groups of 16 heads, B). partial_context (B, H, splits, latent), partial_lse (B, H, splits).
template <class Tiles>
__global__ void __launch_bounds__(32 * Tiles::warps)
    fused_latent_decode(LatentShape s, int tokens_of_split, Global<const bf16> queries,
                        Global<const bf16> cache, Global<float> partial_context, Global<float> partial_lse) {
    constexpr int width = Tiles::width, warps = Tiles::warps, tile_tokens = Tiles::tokens,
                  mine = Tiles::columns_of_warp;
    const int warp = threadIdx.x / 32;
    const int split = blockIdx.x, first_head = blockIdx.y * heads_of_block, b = blockIdx.z;
    const int first = split * tokens_of_split, last = min(first + tokens_of_split, s.tokens);

    SharedArena arena;
    const Tile<width> query{arena.take<bf16>("queries", heads_of_block * width)};
    const Shared<bf16> ring = arena.take<bf16>("latents", 2 * tile_tokens * width);
    const Tile<tile_tokens> weights{arena.take<bf16>("weights", heads_of_block * tile_tokens)};
    const Shared<float> largests = arena.take<float>("largests", warps * heads_of_block);
    const Shared<float> sums = arena.take<float>("sums", warps * heads_of_block);
    const auto tile_of = [&](int tile) { return Tile<width>{ring + tile % 2 * tile_tokens * width}; };
    const auto load = [&](int tile) {
        const int token = first + tile * tile_tokens;
        copy_rows<tile_tokens>(tile_of(tile), cache + s.row(b, token), last - token);
        cp_async_commit();
    };

    copy_rows<heads_of_block>(query, queries + s.query_row(b, first_head), s.n_heads - first_head);
    load(0);
    FragmentC mixed[mine / 8];
    RunningSoftmax softmax;
    for (int tile = 0; first + tile * tile_tokens < last; ++tile) {
        cp_async_wait<0>();
        __syncthreads();  // this tile has arrived, and all warps have finished with the one before
        if (first + (tile + 1) * tile_tokens < last) load(tile + 1);
        const Tile<width> latents = tile_of(tile);

        // scores (16 heads, this warp's 8 tokens), over all columns: content and position in one sum
        FragmentC scores;
        for (int i = 0; i < width; i += 32) {
            const TwoFragmentsB keys = load_eight_keys(latents, 8 * warp, i);
            mma(scores, load_a(query, 0, i), keys.b[0]);
            mma(scores, load_a(query, 0, i + 16), keys.b[1]);
        }
        for (int i = 0; i < 4; ++i) {
            const int token = first + tile * tile_tokens + 8 * warp + column_of_lane() + i % 2;
            scores.c[i] = token < last ? scores.c[i] * s.softmax_scale * ch5::log2_e : -INFINITY;
        }

        // The maximum of a head's row is over the tokens of all warps.
        for (int half = 0; half < 2; ++half) {
            const float most = max_over<4>(fmaxf(scores.c[2 * half], scores.c[2 * half + 1]));
            if (threadIdx.x % 4 == 0) largests[warp * heads_of_block + row_of_lane() + 8 * half] = most;
        }
        __syncthreads();
        for (int half = 0; half < 2; ++half) {
            const int row = row_of_lane() + 8 * half;
            float most = -INFINITY;
            for (int w = 0; w < warps; ++w) most = fmaxf(most, largests[w * heads_of_block + row]);
            softmax.rescale(half, most, mixed);
            softmax.weigh(half, scores);
            const Packed<bf16, 2> pair{to_bf16(scores.c[2 * half]), to_bf16(scores.c[2 * half + 1])};
            write_packed<2>(weights.at(row, 8 * warp + column_of_lane()), 0, pair);
        }
        __syncthreads();

        // mixed (16 heads, this warp's columns) += weights latents: the same rows again, now as values
        for (int t = 0; t < tile_tokens; t += 16) {
            const FragmentA weight = load_a(weights, 0, t);
            for (int i = 0; i < mine / 16; ++i) {
                const TwoFragmentsB values = load_b(latents, t, warp * mine + 16 * i);
                for (int half = 0; half < 2; ++half) mma(mixed[2 * i + half], weight, values.b[half]);
            }
        }
    }

    // Each warp has summed the weights of its own tokens.
    softmax.finish();
    for (int half = 0; half < 2; ++half) {
        if (threadIdx.x % 4 == 0) sums[warp * heads_of_block + row_of_lane() + 8 * half] = softmax.sum[half];
    }
    __syncthreads();
    for (int half = 0; half < 2; ++half) {
        const int row = row_of_lane() + 8 * half;
        if (first_head + row >= s.n_heads) continue;
        float sum = 0;
        for (int w = 0; w < warps; ++w) sum += sums[w * heads_of_block + row];
        const long partial = (static_cast<long>(b) * s.n_heads + first_head + row) * gridDim.x + split;
        for (int i = 0; i < mine / 8; ++i) {
            const Packed<float, 2> pair{mixed[i].c[2 * half] / sum, mixed[i].c[2 * half + 1] / sum};
            write_packed<2>(partial_context, partial * Tiles::latent + warp * mine + 8 * i + column_of_lane(),
                            pair);
        }
        if (warp == 0 && threadIdx.x % 4 == 0) partial_lse[partial] = softmax.largest[half] + log2f(sum);
    }
}

}  // namespace ch7::KERNEL_SIDE
