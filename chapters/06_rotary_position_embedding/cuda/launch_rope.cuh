// The host's code for the ladder. Machine is CudaMachine or EmulatedMachine.
#pragma once
#include <string>

#include "chapters/06_rotary_position_embedding/cuda/2_fused.cuh"
#include "chapters/06_rotary_position_embedding/cuda/rope_append.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch6::KERNEL_SIDE {

constexpr int wide = 8;  // bf16 numbers in 16 bytes

inline Grid block_for_each_token(const RopeShape& s) {
    return {s.new_tokens, s.batch, 1, rope_threads};
}

// Rung 1 rotates xq and xk in place.
template <class Machine>
void launch_separate(Machine& machine, const RopeShape& s, Global<const float> table, Global<float> xq,
                     Global<float> xk, Global<const float> xv, Global<float> cache_k, Global<float> cache_v) {
    const Grid grid = block_for_each_token(s);
    machine.launch("rotate", rotate, grid, s, s.n_heads, table, xq);
    machine.launch("rotate", rotate, grid, s, s.n_kv_heads, table, xk);
    machine.launch("append", append, grid, s, xk, cache_k);
    machine.launch("append", append, grid, s, xv, cache_v);
}

template <class T, int N, class Machine>
void launch_fused(Machine& machine, const RopeShape& s, Global<const float> table, Global<const T> xq,
                  Global<const T> xk, Global<const T> xv, Global<T> turned_q, Global<T> cache_k,
                  Global<T> cache_v) {
    machine.launch("rope_append", rope_append<T, N>, block_for_each_token(s), s, table, xq, xk, xv, turned_q,
                   cache_k, cache_v);
}

inline void check(RopeRung rung, const RopeInput& input) {
    const RopeShape& s = input.shape;
    check_sizes("rope_append", {{"batch", s.batch},
                                {"n_heads", s.n_heads},
                                {"n_kv_heads", s.n_kv_heads},
                                {"head_dim", s.head_dim},
                                {"new_tokens", s.new_tokens}});
    if (s.head_dim % 2 != 0)
        throw std::invalid_argument("rope_append: head_dim " + std::to_string(s.head_dim) + " is odd");
    if (s.start_pos < 0) throw std::invalid_argument("rope_append: start_pos is negative");
    if (s.start_pos + s.new_tokens > s.max_tokens)
        throw std::invalid_argument("rope_append: the cache is too short");
    check_size("xq", input.xq.size(), {s.batch, s.new_tokens, s.n_heads, s.head_dim});
    check_size("xk", input.xk.size(), {s.batch, s.new_tokens, s.n_kv_heads, s.head_dim});
    check_size("xv", input.xv.size(), {s.batch, s.new_tokens, s.n_kv_heads, s.head_dim});
    check_size("cache_k", input.cache_k.size(), {s.batch, s.max_tokens, s.n_kv_heads, s.head_dim});
    check_size("cache_v", input.cache_v.size(), {s.batch, s.max_tokens, s.n_kv_heads, s.head_dim});
    if (input.table.size() < count({s.start_pos + s.new_tokens, s.head_dim})) {
        throw std::invalid_argument("rope_append: the table of rotations is too short");
    }
    const std::string refusal = why_not(rung, s);
    if (!refusal.empty()) throw DeviceError(refusal);
}

template <class Machine>
RopeRun rope_append_floats(Machine& machine, RopeRung rung, const RopeInput& input) {
    const auto table = machine.upload("table", input.table);
    const auto xq = machine.upload("xq", input.xq);
    const auto xk = machine.upload("xk", input.xk);
    const auto xv = machine.upload("xv", input.xv);
    const auto cache_k = machine.upload("cache_k", input.cache_k);
    const auto cache_v = machine.upload("cache_v", input.cache_v);
    if (rung == RopeRung::separate) {
        // In place, so a second run would rotate again: this rung is not timed.
        launch_separate(machine, input.shape, table, xq, xk, xv, cache_k, cache_v);
        return {machine.download(xq), machine.download(cache_k), machine.download(cache_v),
                machine.report(std::nullopt)};
    }
    const auto turned_q = machine.template poisoned<float>("turned_q", input.xq.size());
    const auto seconds = machine.measure(
        [&] { launch_fused<float, 2>(machine, input.shape, table, xq, xk, xv, turned_q, cache_k, cache_v); });
    return {machine.download(turned_q), machine.download(cache_k), machine.download(cache_v),
            machine.report(seconds)};
}

template <class Machine>
RopeRun rope_append_bf16(Machine& machine, const RopeInput& input) {
    const auto table = machine.upload("table", input.table);
    const auto xq = machine.upload("xq", rounded_to_bf16(input.xq));
    const auto xk = machine.upload("xk", rounded_to_bf16(input.xk));
    const auto xv = machine.upload("xv", rounded_to_bf16(input.xv));
    const auto cache_k = machine.upload("cache_k", rounded_to_bf16(input.cache_k));
    const auto cache_v = machine.upload("cache_v", rounded_to_bf16(input.cache_v));
    const auto turned_q = machine.template poisoned<bf16>("turned_q", input.xq.size());
    const auto seconds = machine.measure([&] {
        launch_fused<bf16, wide>(machine, input.shape, table, xq, xk, xv, turned_q, cache_k, cache_v);
    });
    return {as_floats(machine.download(turned_q)), as_floats(machine.download(cache_k)),
            as_floats(machine.download(cache_v)), machine.report(seconds)};
}

template <class Machine>
RopeRun rope_append_on(Machine& machine, RopeRung rung, const RopeInput& input) {
    check(rung, input);
    return rung == RopeRung::fused_wide ? rope_append_bf16(machine, input)
                                        : rope_append_floats(machine, rung, input);
}

}  // namespace ch6::KERNEL_SIDE
