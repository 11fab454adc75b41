// The shapes of a call of attention without its memory, to count its work.
#pragma once
#include <cstddef>

#include "common/bench/work.hpp"

namespace ch10::bench_program {

struct Shape {
    std::size_t n_queries = 1, n_keys = 1;  // the queries are the last of the keys' tokens
    std::size_t n_heads = 1, n_kv_heads = 1;
    std::size_t qk_width = 0, v_width = 0;
    bool causal = true;
    std::size_t window = 0, chunk = 0;
};

inline AttentionCall call_of(const Shape& shape) {
    AttentionCall call;
    call.batch = 1;
    call.n_queries = shape.n_queries;
    call.n_keys = shape.n_keys;
    call.n_heads = shape.n_heads;
    call.n_kv_heads = shape.n_kv_heads;
    call.queries = View4::of_shape({1, shape.n_queries, shape.n_heads, shape.qk_width});
    call.keys = View4::of_shape({1, shape.n_keys, shape.n_kv_heads, shape.qk_width});
    call.values = View4::of_shape({1, shape.n_keys, shape.n_kv_heads, shape.v_width});
    call.start_pos = shape.n_keys - shape.n_queries;
    call.causal = shape.causal;
    call.window = shape.window;
    call.chunk = shape.chunk;
    return call;
}

inline bench::Work work_of(const Shape& shape) {
    return bench::work_of(call_of(shape));
}

// One query of each head on latents that all heads share, and that are the values too.
inline bench::Work work_of_latents(std::size_t n_heads, std::size_t latent, std::size_t rope,
                                   std::size_t n_keys) {
    const Tensor4 latents = Tensor4::from_shape({1, n_keys, 1, latent});
    AttentionCall call;
    call.batch = call.n_queries = call.n_kv_heads = 1;
    call.n_keys = n_keys;
    call.n_heads = n_heads;
    call.queries = View4::of_shape({1, 1, n_heads, latent});
    call.keys = call.values = latents;
    call.queries_pe = View4::of_shape({1, 1, n_heads, rope});
    call.keys_pe = View4::of_shape({1, n_keys, 1, rope});
    call.start_pos = n_keys - 1;
    return bench::work_of(call);
}

}  // namespace ch10::bench_program
