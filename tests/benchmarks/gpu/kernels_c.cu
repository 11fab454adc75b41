// The chapters' launches as C functions, for gpu.py to call with the memory of PyTorch's tensors. nvcc
// compiles them for a GPU; any other compiler, told that this is C++, for the emulator, where `stream` means
// nothing.
//
// Each returns 0, or 1 where something was thrown: walk_message() then says what.
#include <map>
#include <string>

#include "chapters/05_grouped_query_attention/cuda/launch_decode.cuh"
#include "chapters/05_grouped_query_attention/cuda/launch_prefill.cuh"
#include "chapters/06_rotary_position_embedding/cuda/launch_rope.cuh"
#include "chapters/07_multi_head_latent_attention/cuda/launch_latent.cuh"
#include "tests/benchmarks/gpu/borrowed.hpp"

namespace {

std::string message;

template <class Work>
int attempt(const Work& work) {
    try {
        work();
        return 0;
    } catch (const std::exception& error) {
        message = error.what();
    }
    return 1;
}

// A machine for each stream, made at its first call: cuBLAS takes memory when it starts, which it may not do
// while a CUDA graph is recorded. They are never given back: when the process ends, CUDA may have gone before
// them.
#ifdef __CUDACC__
CudaMachine& machine_of(void* stream) {
    static auto& machines = *new std::map<void*, CudaMachine>;
    return machines.try_emplace(stream, static_cast<cudaStream_t>(stream)).first->second;
}
#else
EmulatedMachine& machine_of(void*) {
    static EmulatedMachine machine;
    return machine;
}
#endif

namespace decode = ch5::KERNEL_SIDE;
namespace rope = ch6::KERNEL_SIDE;
namespace latent = ch7::KERNEL_SIDE;

// --- chapter 5

// The tensors that all rungs of decoding have in common.
template <class T>
struct DecodeTensors {
    Borrowed<const T> queries, keys, values;
    Borrowed<float> context;

    DecodeTensors(const ch5::DecodeShape& s, const T* q, const T* k, const T* v, float* out)
        : queries("queries", q, count({s.batch, s.n_heads, s.head_dim})),
          keys("keys", k, count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim})),
          values("values", v, count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim})),
          context("context", out, count({s.batch, s.n_heads, s.head_dim})) {}
};

// What splits leave behind for the kernel that merges them.
struct Partials {
    Borrowed<float> context, lse;

    Partials(std::size_t rows, const Splits& splits, int width, float* partial_context, float* partial_lse)
        : context("partial_context", partial_context, rows * count({splits.count, width})),
          lse("partial_lse", partial_lse, rows * count({splits.count})) {}
};

}  // namespace

extern "C" {

const char* walk_message() {
    return message.c_str();
}

int walk_decode_naive(void* stream, const ch5::DecodeShape* s, const float* queries, const float* keys,
                      const float* values, float* scores, float* context) {
    return attempt([&] {
        DecodeTensors<float> tensors(*s, queries, keys, values, context);
        Borrowed<float> own_scores("scores", scores, count({s->batch, s->n_heads, s->tokens}));
        decode::launch_naive(machine_of(stream), *s, tensors.queries, tensors.keys, tensors.values,
                             own_scores, tensors.context);
    });
}

int walk_decode_online_softmax(void* stream, const ch5::DecodeShape* s, const float* queries,
                               const float* keys, const float* values, float* context) {
    return attempt([&] {
        DecodeTensors<float> tensors(*s, queries, keys, values, context);
        decode::launch_online_softmax(machine_of(stream), *s, tensors.queries, tensors.keys, tensors.values,
                                      tensors.context);
    });
}

// How many splits a rung of this shape is given: the caller makes its partials' memory of that size.
int walk_split_kv_splits(void* stream, const ch5::DecodeShape* s, Splits* splits) {
    return attempt([&] {
        *splits = choose_splits(s->tokens, s->batch * s->n_heads, machine_of(stream).multiprocessors(),
                                decode::least_tokens_of_split);
    });
}

int walk_decode_split_kv(void* stream, const ch5::DecodeShape* s, const Splits* splits, const float* queries,
                         const float* keys, const float* values, float* partial_context, float* partial_lse,
                         float* context) {
    return attempt([&] {
        DecodeTensors<float> tensors(*s, queries, keys, values, context);
        Partials partials(count({s->batch, s->n_heads}), *splits, s->head_dim, partial_context, partial_lse);
        decode::launch_split_kv(machine_of(stream), *s, *splits, tensors.queries, tensors.keys,
                                tensors.values, partials.context, partials.lse, tensors.context);
    });
}

int walk_tensor_cores_splits(void* stream, const ch5::DecodeShape* s, Splits* splits) {
    return attempt([&] {
        *splits = choose_splits(s->tokens, s->batch * s->n_kv_heads, machine_of(stream).multiprocessors(),
                                decode::least_tokens_of_split);
    });
}

int walk_decode_tensor_cores(void* stream, const ch5::DecodeShape* s, const Splits* splits,
                             const bf16* queries, const bf16* keys, const bf16* values,
                             float* partial_context, float* partial_lse, float* context) {
    return attempt([&] {
        DecodeTensors<bf16> tensors(*s, queries, keys, values, context);
        Partials partials(count({s->batch, s->n_heads}), *splits, s->head_dim, partial_context, partial_lse);
        decode::launch_tensor_cores(machine_of(stream), *s, *splits, tensors.queries, tensors.keys,
                                    tensors.values, partials.context, partials.lse, tensors.context);
    });
}

int walk_prefill(void* stream, const ch5::PrefillShape* s, const bf16* queries, const bf16* keys,
                 const bf16* values, bf16* context) {
    return attempt([&] {
        Borrowed<const bf16> q("queries", queries,
                               count({s->batch, s->new_tokens, s->n_heads, s->qk_head_dim}));
        Borrowed<const bf16> k("keys", keys, count({s->batch, s->tokens(), s->n_kv_heads, s->qk_head_dim}));
        Borrowed<const bf16> v("values", values,
                               count({s->batch, s->tokens(), s->n_kv_heads, s->v_head_dim}));
        Borrowed<bf16> out("context", context, count({s->batch, s->new_tokens, s->n_heads, s->v_head_dim}));
        decode::launch_prefill(machine_of(stream), *s, q, k, v, out);
    });
}

}  // extern "C"

// --- chapter 6

namespace {

template <class T>
int rope_fused(void* stream, const ch6::RopeShape& s, const float* table, const T* xq, const T* xk,
               const T* xv, T* turned_q, T* cache_k, T* cache_v) {
    constexpr int at_once = std::is_same_v<T, bf16> ? rope::wide : 2;
    return attempt([&] {
        const std::size_t query_size = count({s.batch, s.new_tokens, s.n_heads, s.head_dim}),
                          key_size = count({s.batch, s.new_tokens, s.n_kv_heads, s.head_dim}),
                          cache_size = count({s.batch, s.max_tokens, s.n_kv_heads, s.head_dim});
        Borrowed<const float> angles("table", table, count({s.start_pos + s.new_tokens, s.head_dim}));
        Borrowed<const T> q("xq", xq, query_size), k("xk", xk, key_size), v("xv", xv, key_size);
        Borrowed<T> out("turned_q", turned_q, query_size);
        Borrowed<T> kept_k("cache_k", cache_k, cache_size), kept_v("cache_v", cache_v, cache_size);
        rope::launch_fused<T, at_once>(machine_of(stream), s, angles, q, k, v, out, kept_k, kept_v);
    });
}

}  // namespace

extern "C" {

// Turns xq and xk where they stand.
int walk_rope_separate(void* stream, const ch6::RopeShape* s, const float* table, float* xq, float* xk,
                       const float* xv, float* cache_k, float* cache_v) {
    return attempt([&] {
        const std::size_t key_size = count({s->batch, s->new_tokens, s->n_kv_heads, s->head_dim}),
                          cache_size = count({s->batch, s->max_tokens, s->n_kv_heads, s->head_dim});
        Borrowed<const float> angles("table", table, count({s->start_pos + s->new_tokens, s->head_dim}));
        Borrowed<float> q("xq", xq, count({s->batch, s->new_tokens, s->n_heads, s->head_dim}));
        Borrowed<float> k("xk", xk, key_size);
        Borrowed<const float> v("xv", xv, key_size);
        Borrowed<float> kept_k("cache_k", cache_k, cache_size), kept_v("cache_v", cache_v, cache_size);
        rope::launch_separate(machine_of(stream), *s, angles, q, k, v, kept_k, kept_v);
    });
}

int walk_rope_fused(void* stream, const ch6::RopeShape* s, const float* table, const float* xq,
                    const float* xk, const float* xv, float* turned_q, float* cache_k, float* cache_v) {
    return rope_fused(stream, *s, table, xq, xk, xv, turned_q, cache_k, cache_v);
}

int walk_rope_fused_wide(void* stream, const ch6::RopeShape* s, const float* table, const bf16* xq,
                         const bf16* xk, const bf16* xv, bf16* turned_q, bf16* cache_k, bf16* cache_v) {
    return rope_fused(stream, *s, table, xq, xk, xv, turned_q, cache_k, cache_v);
}

}  // extern "C"

// --- chapter 7

namespace {

template <class T>
int three_products(void* stream, const ch7::LatentShape& s, const T* queries, const T* cache, float* scores,
                   T* weights, float* context) {
    return attempt([&] {
        const std::size_t score_size = count({s.batch, s.n_heads, s.tokens});
        Borrowed<const T> q("queries", queries, count({s.batch, s.n_heads, s.width()}));
        Borrowed<const T> latents("cache", cache, count({s.batch, s.max_tokens, s.width()}));
        Borrowed<float> own_scores("scores", scores, score_size);
        Borrowed<T> own_weights("weights", weights, score_size);
        Borrowed<float> out("context", context, count({s.batch, s.n_heads, s.kv_lora_rank}));
        latent::launch_three_products<T>(machine_of(stream), s, q, latents, own_scores, own_weights, out);
    });
}

}  // namespace

extern "C" {

int walk_latent_three_products(void* stream, const ch7::LatentShape* s, const float* queries,
                               const float* cache, float* scores, float* weights, float* context) {
    return three_products(stream, *s, queries, cache, scores, weights, context);
}

int walk_latent_three_products_bf16(void* stream, const ch7::LatentShape* s, const bf16* queries,
                                    const bf16* cache, float* scores, bf16* weights, float* context) {
    return three_products(stream, *s, queries, cache, scores, weights, context);
}

int walk_latent_splits(void* stream, const ch7::LatentShape* s, Splits* splits) {
    return attempt([&] {
        int least_tokens = 0;
        latent::with_tiles(s->kv_lora_rank, s->qk_rope_head_dim,
                           [&](auto tiles) { least_tokens = decltype(tiles)::tokens; });
        const int blocks = s->batch * ((s->n_heads + latent::heads_of_block - 1) / latent::heads_of_block);
        *splits = choose_splits(s->tokens, blocks, machine_of(stream).multiprocessors(), least_tokens);
    });
}

int walk_latent_fused(void* stream, const ch7::LatentShape* s, const Splits* splits, const bf16* queries,
                      const bf16* cache, float* partial_context, float* partial_lse, float* context) {
    return attempt([&] {
        const std::size_t rows = count({s->batch, s->n_heads});
        Borrowed<const bf16> q("queries", queries, rows * count({s->width()}));
        Borrowed<const bf16> latents("cache", cache, count({s->batch, s->max_tokens, s->width()}));
        Partials partials(rows, *splits, s->kv_lora_rank, partial_context, partial_lse);
        Borrowed<float> out("context", context, rows * count({s->kv_lora_rank}));
        latent::launch_fused(machine_of(stream), *s, *splits, q, latents, partials.context, partials.lse,
                             out);
    });
}

}  // extern "C"
