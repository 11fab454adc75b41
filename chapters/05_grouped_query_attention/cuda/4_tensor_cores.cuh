// Rung 4: tensor cores, and keys that are read once. The queries of a group are the 16 rows of one mma tile,
// so one key from memory serves all of them. While a warp multiplies one tile of 16 tokens, cp.async copies
// the next two.
//
//   queries (16, head_dim)   keys (16 tokens, head_dim)         values (16 tokens, head_dim)
//   ┌───────────────┐        ┌───────────────┐                  ┌───────────────┐
//   │ head 0        │        │ token t       │    scores        │ token t       │
//   │ head 1        │   ×    │ token t+1     │ᵀ = (16, 16) ──►  │ token t+1     │  = context (16, head_dim)
//   │ ...           │        │ ...           │    softmax  ×    │ ...           │    stays in registers
//   │ zeros         │        │               │                  │               │
//   └───────────────┘        └───────────────┘                  └───────────────┘
//
// Each warp decodes alone, with its own ring of tiles and its own softmax, so in the loop no warp waits for
// another. At the end, the warps' results are merged as splits are.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "chapters/05_grouped_query_attention/cuda/running_softmax.cuh"

namespace ch5::KERNEL_SIDE {

constexpr int most_queries = 16;  // in a group: the rows of an mma tile
constexpr int tile_tokens = 16, decode_warps = 4, ring_stages = 3;

// The bytes that the launch must request: for the rings, and later, in their place, for the merge.
template <int head_dim>
constexpr std::size_t decode_shared_bytes() {
    const std::size_t rings = sizeof(bf16) * decode_warps * ring_stages * 2 * tile_tokens * head_dim;
    const std::size_t partials = sizeof(float) * decode_warps * most_queries * (head_dim + 8 + 2);
    return rings > partials ? rings : partials;
}

// The queries of a group as left operands. Rows after the group are zero.
template <int head_dim>
__device__ inline void load_queries(FragmentA (&fragments)[head_dim / 16], Global<const bf16> queries,
                                    int group) {
    for (int i = 0; i < head_dim / 16; ++i) {
        for (int part = 0; part < 4; ++part) {
            const int row = row_of_lane() + part % 2 * 8, column = 16 * i + part / 2 * 8 + column_of_lane();
            Packed<bf16, 2> pair{};
            if (row < group) pair = read_packed<2>(queries, static_cast<long>(row) * head_dim + column);
            fragments[i].r[part] = pair.at[0].bits | static_cast<std::uint32_t>(pair.at[1].bits) << 16;
        }
    }
}

// Starts to copy the rows of up to 16 tokens of keys or values, in chunks of 16 bytes. Tokens from `last` on
// become zeros.
template <int head_dim>
__device__ inline void copy_tile(const Tile<head_dim>& tile, const DecodeShape& s, Global<const bf16> from,
                                 int b, int kv_head, int token, int last) {
    constexpr int chunks = head_dim / 8;
    for (int i = threadIdx.x % 32; i < tile_tokens * chunks; i += 32) {
        const int row = i / chunks, column = i % chunks * 8;
        const bool is_valid = token + row < last;
        cp_async(tile.at(row, column), from + s.row(b, is_valid ? token + row : 0, kv_head) + column,
                 is_valid);
    }
}

// grid (splits, H_kv, B). partial_context (B, H, splits, head_dim), partial_lse (B, H, splits).
template <int head_dim>
__global__ void __launch_bounds__(32 * decode_warps)
    decode_tensor_cores(DecodeShape s, int tokens_of_split, Global<const bf16> queries,
                        Global<const bf16> keys, Global<const bf16> values, Global<float> partial_context,
                        Global<float> partial_lse) {
    const int warp = threadIdx.x / 32;
    const int split = blockIdx.x, kv_head = blockIdx.y, b = blockIdx.z;
    const int first = split * tokens_of_split, last = min(first + tokens_of_split, s.tokens);
    const long query_row = s.query_row(b, kv_head * s.group());

    // This warp's ring: three stages of one tile of keys and one of values.
    SharedArena arena;
    const Shared<bf16> rings =
        arena.take<bf16>("rings", decode_warps * ring_stages * 2 * tile_tokens * head_dim);
    const auto tile_of = [&](int stage, int which) {
        return Tile<head_dim>{rings + ((warp * ring_stages + stage) * 2 + which) * tile_tokens * head_dim};
    };
    // The warps take tiles in turn: tile 0 of warp 0, tile 0 of warp 1, ...
    const auto first_token_of = [&](int tile) { return first + (tile * decode_warps + warp) * tile_tokens; };
    const auto load = [&](int tile) {
        const int token = first_token_of(tile);
        if (token < last) {
            copy_tile<head_dim>(tile_of(tile % ring_stages, 0), s, keys, b, kv_head, token, last);
            copy_tile<head_dim>(tile_of(tile % ring_stages, 1), s, values, b, kv_head, token, last);
        }
        cp_async_commit();  // an empty group counts too, so the wait below always means the same
    };

    FragmentA query[head_dim / 16];
    load_queries<head_dim>(query, queries + query_row, s.group());
    FragmentC context[head_dim / 8];
    RunningSoftmax softmax;

    for (int tile = 0; tile < ring_stages - 1; ++tile) load(tile);
    for (int tile = 0; first_token_of(tile) < last; ++tile) {
        load(tile + ring_stages - 1);
        cp_async_wait<ring_stages - 1>();  // this tile has arrived; the next two may be in flight
        __syncwarp();
        const Tile<head_dim> key_tile = tile_of(tile % ring_stages, 0),
                             value_tile = tile_of(tile % ring_stages, 1);

        // scores (16 queries, 16 tokens) = queries keysᵀ
        FragmentC scores[2];
        for (int i = 0; i < head_dim / 16; ++i) {
            const TwoFragmentsB key = load_b_transposed(key_tile, 0, 16 * i);
            for (int half = 0; half < 2; ++half) mma(scores[half], query[i], key.b[half]);
        }

        // Scores as powers of 2, and -inf after the last token.
        for (int half = 0; half < 2; ++half) {
            for (int i = 0; i < 4; ++i) {
                const int token = first_token_of(tile) + 8 * half + column_of_lane() + i % 2;
                scores[half].c[i] = token < last ? scores[half].c[i] * s.softmax_scale * log2_e : -INFINITY;
            }
        }
        softmax.update(scores, context);

        // context (16 queries, head_dim) += weights values
        const FragmentA weights = as_a(scores[0], scores[1]);
        for (int i = 0; i < head_dim / 16; ++i) {
            const TwoFragmentsB value = load_b(value_tile, 0, 16 * i);
            for (int half = 0; half < 2; ++half) mma(context[2 * i + half], weights, value.b[half]);
        }
        __syncwarp();  // all lanes have read this stage before it is filled again
    }
    softmax.finish();

    // Put the warps' results side by side, in the memory of the rings. Before that, all warps must have
    // finished with the rings.
    cp_async_wait<0>();
    __syncthreads();
    arena.start_over();
    constexpr int width =
        head_dim + 8;  // so that the rows that a warp writes together begin in different banks
    const Shared<float> contexts = arena.take<float>("contexts", decode_warps * most_queries * width);
    const Shared<float> largests = arena.take<float>("largests", decode_warps * most_queries);
    const Shared<float> sums = arena.take<float>("sums", decode_warps * most_queries);
    for (int half = 0; half < 2; ++half) {
        const int row = warp * most_queries + row_of_lane() + 8 * half;
        for (int i = 0; i < head_dim / 8; ++i) {
            write_packed<2>(contexts, row * width + 8 * i + column_of_lane(),
                            {context[i].c[2 * half], context[i].c[2 * half + 1]});
        }
        if (threadIdx.x % 4 == 0) {
            largests[row] = softmax.largest[half];
            sums[row] = softmax.sum[half];
        }
    }
    __syncthreads();

    // A column for each thread: scale the warps to a common maximum, add up, divide.
    for (int i = threadIdx.x; i < s.group() * head_dim; i += blockDim.x) {
        const int row = i / head_dim, column = i % head_dim;
        float largest = -INFINITY, sum = 0, mixed = 0;
        for (int w = 0; w < decode_warps; ++w) largest = fmaxf(largest, largests[w * most_queries + row]);
        for (int w = 0; w < decode_warps; ++w) {
            const float factor = exp2f(largests[w * most_queries + row] - largest);
            sum += factor * sums[w * most_queries + row];
            mixed += factor * contexts[(w * most_queries + row) * width + column];
        }
        const long partial =
            (static_cast<long>(b) * s.n_heads + kv_head * s.group() + row) * gridDim.x + split;
        partial_context[partial * head_dim + column] = mixed / sum;
        if (column == 0) partial_lse[partial] = largest + log2f(sum);
    }
}

}  // namespace ch5::KERNEL_SIDE
