// The host's code for the prefill. Machine is CudaMachine or EmulatedMachine.
#pragma once
#include <string>
#include <type_traits>

#include "chapters/05_grouped_query_attention/cuda/5_flash_prefill.cuh"
#include "chapters/05_grouped_query_attention/cuda/prefill.hpp"
#include "common/cuda/host_tensors.hpp"

namespace ch5::KERNEL_SIDE {

// Calls `with` with the smallest compiled widths of keys and values that are large enough. 192 and 128 are
// the widths of latent attention in its naive form.
template <class With>
void with_widths(int qk, int v, const With& with) {
    using std::integral_constant;
    if (qk <= 16 && v <= 16) return with(integral_constant<int, 16>{}, integral_constant<int, 16>{});
    if (qk <= 64 && v <= 64) return with(integral_constant<int, 64>{}, integral_constant<int, 64>{});
    if (qk <= 128 && v <= 128) return with(integral_constant<int, 128>{}, integral_constant<int, 128>{});
    if (qk <= 192 && v <= 128) return with(integral_constant<int, 192>{}, integral_constant<int, 128>{});
    throw DeviceError("flash_prefill: heads of " + std::to_string(qk) + " and " + std::to_string(v) +
                      " are over 192 for keys or 128 for values; leave out --device");
}

// The widths in `s` are two of those above.
template <class Machine>
void launch_prefill(Machine& machine, const PrefillShape& s, Global<const bf16> queries,
                    Global<const bf16> keys, Global<const bf16> values, Global<bf16> context) {
    with_widths(s.qk_head_dim, s.v_head_dim, [&](auto qk, auto v) {
        constexpr int qk_width = decltype(qk)::value, v_width = decltype(v)::value;
        const int tiles = (s.new_tokens + query_tile - 1) / query_tile;
        const Grid grid{tiles, s.n_heads, s.batch, 32 * prefill_warps,
                        prefill_shared_bytes<qk_width, v_width>()};
        machine.launch("flash_prefill", flash_prefill<qk_width, v_width>, grid, s, queries, keys, values,
                       context);
    });
}

inline void check(const PrefillInput& input) {
    const PrefillShape& s = input.shape;
    check_sizes("prefill", {{"batch", s.batch},
                            {"n_heads", s.n_heads},
                            {"n_kv_heads", s.n_kv_heads},
                            {"qk_head_dim", s.qk_head_dim},
                            {"v_head_dim", s.v_head_dim},
                            {"new_tokens", s.new_tokens}});
    if (s.start_pos < 0) throw std::invalid_argument("prefill: start_pos is negative");
    if (s.chunk < 0) throw std::invalid_argument("prefill: chunk is negative");
    if (s.n_heads % s.n_kv_heads != 0)
        throw std::invalid_argument("prefill: n_kv_heads does not divide n_heads");
    check_size("queries", input.queries.size(), {s.batch, s.new_tokens, s.n_heads, s.qk_head_dim});
    check_size("keys", input.keys.size(), {s.batch, s.tokens(), s.n_kv_heads, s.qk_head_dim});
    check_size("values", input.values.size(), {s.batch, s.tokens(), s.n_kv_heads, s.v_head_dim});
}

// From host floats to host floats.
template <class Machine>
PrefillRun prefill_on(Machine& machine, const PrefillInput& input) {
    check(input);
    PrefillShape s = input.shape;
    with_widths(s.qk_head_dim, s.v_head_dim, [&](auto qk, auto v) {
        s.qk_head_dim = decltype(qk)::value;
        s.v_head_dim = decltype(v)::value;
    });
    const auto upload = [&](const char* name, const std::vector<float>& rows, int width, int wider) {
        return machine.upload(name, rounded_to_bf16(pad_rows(rows, width, wider)));
    };
    const auto queries = upload("queries", input.queries, input.shape.qk_head_dim, s.qk_head_dim);
    const auto keys = upload("keys", input.keys, input.shape.qk_head_dim, s.qk_head_dim);
    const auto values = upload("values", input.values, input.shape.v_head_dim, s.v_head_dim);
    const auto context =
        machine.template poisoned<bf16>("context", count({s.batch, s.new_tokens, s.n_heads, s.v_head_dim}));

    const auto seconds = machine.measure([&] { launch_prefill(machine, s, queries, keys, values, context); });
    return {cut_rows(as_floats(machine.download(context)), s.v_head_dim, input.shape.v_head_dim),
            machine.report(seconds)};
}

}  // namespace ch5::KERNEL_SIDE
