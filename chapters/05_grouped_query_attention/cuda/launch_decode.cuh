// The host's code for the ladder: memory, launch sizes, and the shapes that no rung supports. Machine is
// CudaMachine or EmulatedMachine.
#pragma once
#include <string>
#include <type_traits>

#include "chapters/05_grouped_query_attention/cuda/1_naive.cuh"
#include "chapters/05_grouped_query_attention/cuda/3_split_kv.cuh"
#include "chapters/05_grouped_query_attention/cuda/4_tensor_cores.cuh"
#include "chapters/05_grouped_query_attention/cuda/decode.hpp"
#include "common/cuda/host_tensors.hpp"
#include "common/cuda/splits.hpp"

namespace ch5::KERNEL_SIDE {

// A split has at least as many tokens as the warps of a block process at once.
constexpr int least_tokens_of_split = decode_warps * tile_tokens;

// Rungs 1 to 3, on floats.
template <class Machine>
void launch_naive(Machine& machine, const DecodeShape& s, Global<const float> queries,
                  Global<const float> keys, Global<const float> values, Global<float> scores,
                  Global<float> context) {
    machine.launch("decode_naive", decode_naive, Grid{s.n_heads, s.batch, 1, 128}, s, queries, keys, values,
                   scores, context);
}
template <class Machine>
void launch_online_softmax(Machine& machine, const DecodeShape& s, Global<const float> queries,
                           Global<const float> keys, Global<const float> values, Global<float> context) {
    machine.launch("decode_online_softmax", decode_online_softmax, Grid{s.n_heads * s.batch, 1, 1, 32}, s,
                   queries, keys, values, context);
}
template <class Machine>
void launch_split_kv(Machine& machine, const DecodeShape& s, const Splits& splits,
                     Global<const float> queries, Global<const float> keys, Global<const float> values,
                     Global<float> partial_context, Global<float> partial_lse, Global<float> context) {
    machine.launch("decode_split_kv", decode_split_kv, Grid{splits.count, s.n_heads * s.batch, 1, 32}, s,
                   splits.tokens, queries, keys, values, partial_context, partial_lse);
    machine.launch("merge_splits", merge_splits, Grid{s.batch * s.n_heads, 1, 1, 128}, splits.count,
                   s.head_dim, partial_context, partial_lse, context);
}

// Calls `with` with the smallest compiled head_dim that is large enough. Rows are padded with zeros, which
// change no dot product.
template <class With>
void with_head_dim(int head_dim, const With& with) {
    if (head_dim <= 16) return with(std::integral_constant<int, 16>{});
    if (head_dim <= 64) return with(std::integral_constant<int, 64>{});
    if (head_dim <= 128) return with(std::integral_constant<int, 128>{});
    throw DeviceError("decode_tensor_cores: head_dim " + std::to_string(head_dim) + " is over 128");
}

// Rung 4, on bf16. s.head_dim is one of the sizes above.
template <class Machine>
void launch_tensor_cores(Machine& machine, const DecodeShape& s, const Splits& splits,
                         Global<const bf16> queries, Global<const bf16> keys, Global<const bf16> values,
                         Global<float> partial_context, Global<float> partial_lse, Global<float> context) {
    with_head_dim(s.head_dim, [&](auto head_dim) {
        constexpr int width = decltype(head_dim)::value;
        const Grid grid{splits.count, s.n_kv_heads, s.batch, 32 * decode_warps, decode_shared_bytes<width>()};
        machine.launch("decode_tensor_cores", decode_tensor_cores<width>, grid, s, splits.tokens, queries,
                       keys, values, partial_context, partial_lse);
    });
    machine.launch("merge_splits", merge_splits, Grid{s.batch * s.n_heads, 1, 1, 128}, splits.count,
                   s.head_dim, partial_context, partial_lse, context);
}

inline void check(DecodeRung rung, const DecodeInput& input) {
    const DecodeShape& s = input.shape;
    check_sizes("decode", {{"batch", s.batch},
                           {"n_heads", s.n_heads},
                           {"n_kv_heads", s.n_kv_heads},
                           {"head_dim", s.head_dim},
                           {"tokens", s.tokens}});
    if (s.n_heads % s.n_kv_heads != 0)
        throw std::invalid_argument("decode: n_kv_heads does not divide n_heads");
    if (s.first_key < 0) throw std::invalid_argument("decode: first_key is negative");
    if (static_cast<long>(s.first_key) + s.tokens > s.max_tokens)
        throw std::invalid_argument("decode: first_key + tokens is more than max_tokens");
    check_size("queries", input.queries.size(), {s.batch, s.n_heads, s.head_dim});
    check_size("keys", input.keys.size(), {s.batch, s.max_tokens, s.n_kv_heads, s.head_dim});
    check_size("values", input.values.size(), {s.batch, s.max_tokens, s.n_kv_heads, s.head_dim});
    const std::string refusal = why_not(rung, s);
    if (!refusal.empty()) throw DeviceError(refusal);
}

// The first three rungs: from host floats to host floats.
template <class Machine>
DecodeRun decode_floats(Machine& machine, DecodeRung rung, const DecodeInput& input) {
    const DecodeShape& s = input.shape;
    const auto queries = machine.upload("queries", input.queries);
    const auto keys = machine.upload("keys", input.keys);
    const auto values = machine.upload("values", input.values);
    const auto context = machine.template poisoned<float>("context", input.queries.size());
    const std::size_t rows = count({s.batch, s.n_heads});

    std::optional<double> seconds;
    if (rung == DecodeRung::naive) {
        const auto scores = machine.template poisoned<float>("scores", rows * count({s.tokens}));
        seconds = machine.measure([&] { launch_naive(machine, s, queries, keys, values, scores, context); });
    } else if (rung == DecodeRung::online_softmax) {
        seconds = machine.measure([&] { launch_online_softmax(machine, s, queries, keys, values, context); });
    } else {
        const Splits splits =
            choose_splits(s.tokens, s.batch * s.n_heads, machine.multiprocessors(), least_tokens_of_split);
        const auto partial_lse =
            machine.template poisoned<float>("partial_lse", rows * count({splits.count}));
        const auto partial_context =
            machine.template poisoned<float>("partial_context", rows * count({splits.count, s.head_dim}));
        seconds = machine.measure([&] {
            launch_split_kv(machine, s, splits, queries, keys, values, partial_context, partial_lse, context);
        });
    }
    return {machine.download(context), machine.report(seconds)};
}

// The last rung: rounds to bf16 and pads to a compiled head_dim.
template <class Machine>
DecodeRun decode_bf16(Machine& machine, const DecodeInput& input) {
    DecodeShape s = input.shape;
    with_head_dim(s.head_dim, [&](auto head_dim) { s.head_dim = decltype(head_dim)::value; });
    const auto padded = [&](const std::vector<float>& rows) {
        return rounded_to_bf16(pad_rows(rows, input.shape.head_dim, s.head_dim));
    };
    const auto queries = machine.upload("queries", padded(input.queries));
    const auto keys = machine.upload("keys", padded(input.keys));
    const auto values = machine.upload("values", padded(input.values));

    const Splits splits =
        choose_splits(s.tokens, s.batch * s.n_kv_heads, machine.multiprocessors(), least_tokens_of_split);
    const std::size_t rows = count({s.batch, s.n_heads});
    const auto partial_lse = machine.template poisoned<float>("partial_lse", rows * count({splits.count}));
    const auto partial_context =
        machine.template poisoned<float>("partial_context", rows * count({splits.count, s.head_dim}));
    const auto context = machine.template poisoned<float>("context", rows * count({s.head_dim}));
    const auto seconds = machine.measure([&] {
        launch_tensor_cores(machine, s, splits, queries, keys, values, partial_context, partial_lse, context);
    });
    return {cut_rows(machine.download(context), s.head_dim, input.shape.head_dim), machine.report(seconds)};
}

template <class Machine>
DecodeRun decode_on(Machine& machine, DecodeRung rung, const DecodeInput& input) {
    check(rung, input);
    return rung == DecodeRung::tensor_cores ? decode_bf16(machine, input)
                                            : decode_floats(machine, rung, input);
}

}  // namespace ch5::KERNEL_SIDE
