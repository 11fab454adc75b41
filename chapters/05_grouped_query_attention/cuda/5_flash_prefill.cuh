// Prefill in tiles. Many queries at once: a tile of 64 queries is multiplied with one tile of 64 keys after
// another, and the scores stay in registers. Each key from memory serves 64 queries, so arithmetic limits a
// prefill.
//
//              keys ─────────────────────►
//   queries   ┌────┬────┬────┬────┐
//      │      │ ▓▓ │    │    │    │     ▓▓ every key is before every query: nothing is masked
//      │      ├────┼────┼────┼────┤     ▚▚ on the diagonal: a part is masked
//      ▼      │ ▓▓ │ ▚▚ │    │    │        all keys in the future: skipped, which saves half of the work
//             └────┴────┴────┴────┘
//
// If queries have a first key, a row of tiles begins at the first key of its first query. Earlier keys are
// not read. A later query of the tile may have a later first key, so a part of its scores is masked.
//
// Four warps, each with 16 rows of queries: each softmax needs only the scores of its own warp.
#pragma once
#include "chapters/05_grouped_query_attention/cuda/decode_shape.hpp"
#include "chapters/05_grouped_query_attention/cuda/prefill_shape.hpp"
#include "chapters/05_grouped_query_attention/cuda/running_softmax.cuh"

namespace ch5::KERNEL_SIDE {

constexpr int prefill_warps = 4, query_tile = 16 * prefill_warps, key_tile = 64;

// The bytes that the launch must request: for the queries once, for keys and values twice.
template <int qk, int v>
constexpr std::size_t prefill_shared_bytes() {
    return sizeof(bf16) * (query_tile * qk + 2 * key_tile * (qk + v));
}

// All threads of the block start to copy 64 rows, `row_of(i)` elements from `from`; rows that are not valid
// become zeros.
template <int width, class RowOf, class IsValid>
__device__ inline void copy_rows(const Tile<width>& tile, Global<const bf16> from, const RowOf& row_of,
                                 const IsValid& is_valid) {
    constexpr int chunks = width / 8;
    for (int i = threadIdx.x; i < 64 * chunks; i += 32 * prefill_warps) {
        const int row = i / chunks, column = i % chunks * 8;
        cp_async(tile.at(row, column), from + (is_valid(row) ? row_of(row) : row_of(0)) + column,
                 is_valid(row));
    }
}

// grid (tiles of queries, H, B).
template <int qk, int v>
__global__ void __launch_bounds__(32 * prefill_warps)
    flash_prefill(PrefillShape s, Global<const bf16> queries, Global<const bf16> keys,
                  Global<const bf16> values, Global<bf16> context) {
    const int warp = threadIdx.x / 32;
    // The last queries see the most keys, so they start first. Then no block works alone at the end.
    const int first_query = (gridDim.x - 1 - blockIdx.x) * query_tile, head = blockIdx.y, b = blockIdx.z;
    const int kv_head = head / s.group();
    const int first_key = s.first_key(s.start_pos + first_query);
    const auto first_token_of = [&](int tile) { return first_key + tile * key_tile; };

    SharedArena arena;
    const Tile<qk> query{arena.take<bf16>("queries", query_tile * qk)};
    const Shared<bf16> key_ring = arena.take<bf16>("keys", 2 * key_tile * qk);
    const Shared<bf16> value_ring = arena.take<bf16>("values", 2 * key_tile * v);
    const auto key_of = [&](int tile) { return Tile<qk>{key_ring + tile % 2 * key_tile * qk}; };
    const auto value_of = [&](int tile) { return Tile<v>{value_ring + tile % 2 * key_tile * v}; };
    const auto load = [&](int tile) {
        const int first = first_token_of(tile);
        const auto is_token = [&](int row) { return first + row < s.tokens(); };
        copy_rows(
            key_of(tile), keys, [&](int row) { return s.key_row(b, first + row, kv_head, qk); }, is_token);
        copy_rows(
            value_of(tile), values, [&](int row) { return s.key_row(b, first + row, kv_head, v); }, is_token);
        cp_async_commit();
    };

    copy_rows(
        query, queries, [&](int row) { return s.query_row(b, first_query + row, head, qk); },
        [&](int row) { return first_query + row < s.new_tokens; });
    load(0);

    // This lane's two rows see keys from their own first key up to their own position.
    const int position = s.start_pos + first_query + 16 * warp + row_of_lane();
    const int last_position = min(s.start_pos + first_query + query_tile, s.tokens()) - 1;
    FragmentC mixed[v / 8];
    RunningSoftmax softmax;
    for (int tile = 0; first_token_of(tile) <= last_position; ++tile) {
        cp_async_wait<0>();
        __syncthreads();  // this tile has arrived, and all warps have finished with the one before
        if (first_token_of(tile + 1) <= last_position) load(tile + 1);

        // scores (16 queries of this warp, 64 keys)
        FragmentC scores[key_tile / 8];
        for (int i = 0; i < qk / 16; ++i) {
            const FragmentA a = load_a(query, 16 * warp, 16 * i);
            for (int j = 0; j < key_tile / 16; ++j) {
                const TwoFragmentsB key = load_b_transposed(key_of(tile), 16 * j, 16 * i);
                for (int half = 0; half < 2; ++half) mma(scores[2 * j + half], a, key.b[half]);
            }
        }

        // Scores as powers of 2, and -inf for tokens that a row does not see.
        for (int j = 0; j < key_tile / 8; ++j) {
            for (int i = 0; i < 4; ++i) {
                const int token = first_token_of(tile) + 8 * j + column_of_lane() + i % 2;
                const int row_position = position + i / 2 * 8;
                const bool is_seen = s.first_key(row_position) <= token && token <= row_position;
                scores[j].c[i] = is_seen ? scores[j].c[i] * s.softmax_scale * log2_e : -INFINITY;
            }
        }
        softmax.update(scores, mixed);

        // mixed (16 queries, v) += weights values
        for (int j = 0; j < key_tile / 16; ++j) {
            const FragmentA weights = as_a(scores[2 * j], scores[2 * j + 1]);
            for (int i = 0; i < v / 16; ++i) {
                const TwoFragmentsB value = load_b(value_of(tile), 16 * j, 16 * i);
                for (int half = 0; half < 2; ++half) mma(mixed[2 * i + half], weights, value.b[half]);
            }
        }
    }
    softmax.finish();

    for (int half = 0; half < 2; ++half) {
        const int t = first_query + 16 * warp + row_of_lane() + 8 * half;
        if (t >= s.new_tokens) continue;
        for (int i = 0; i < v / 8; ++i) {
            const Packed<bf16, 2> pair{to_bf16(mixed[i].c[2 * half] / softmax.sum[half]),
                                       to_bf16(mixed[i].c[2 * half + 1] / softmax.sum[half])};
            write_packed<2>(context, s.query_row(b, t, head, v) + 8 * i + column_of_lane(), pair);
        }
    }
}

}  // namespace ch5::KERNEL_SIDE
