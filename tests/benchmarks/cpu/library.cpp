// The chapters as C functions, for tests/benchmarks/cpu.py: it loads them into the process of PyTorch. A
// function returns 0, or 1 and cpu_message() has the reason. Tensors are float32 without gaps.
// B = sequences, T = queries, S = keys, H = query heads, H_kv = key and value heads
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/engine.hpp"
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/vectors.hpp"
#include "common/bench/limits.hpp"
#include "common/bench/machine.hpp"
#include "common/blas.hpp"

extern "C" {
// The fields of cpu/library.py.
struct CpuShape {
    std::size_t batch, n_queries, n_keys, n_heads, n_kv_heads, qk_width, v_width, rope_width;
    float scale;
};
struct CpuLayerShape {
    std::size_t dim, n_heads, n_kv_heads, head_dim, max_seq_len;
    float theta;
};
}

namespace {

std::string message;

int guarded(const std::function<void()>& work) {
    try {
        work();
        return 0;
    } catch (const std::exception& error) {
        message = error.what();
        return 1;
    }
}

void engine(const AttentionCall& call, float* output, std::size_t) {
    ch10::flash_attention(call, output);
}

const std::map<std::string, ch10::Rung> rungs = {
    {"prefill_lesson", ch10::prefill_lesson},     {"prefill_no_copies", ch10::prefill_no_copies},
    {"prefill_tiles", ch10::prefill_tiles},       {"prefill_skip", ch10::prefill_skip},
    {"prefill_groups", ch10::prefill_groups},     {"prefill_threads", ch10::prefill_threads},
    {"prefill_vectors", ch10::prefill_vectors},   {"decode_lesson", ch10::decode_lesson},
    {"decode_no_copies", ch10::decode_no_copies}, {"decode_split", ch10::decode_split},
    {"decode_kernel", ch10::decode_kernel},       {"engine", engine}};

// (B, rows, heads, width)
View4 in_rows(const float* data, std::size_t batch, std::size_t rows, std::size_t heads, std::size_t width) {
    return {data, {batch, rows, heads, width}, {rows * heads * width, heads * width, width, 1}};
}

AttentionCall call_of(const CpuShape& shape) {
    AttentionCall call;
    call.batch = shape.batch;
    call.n_queries = shape.n_queries;
    call.n_keys = shape.n_keys;
    call.n_heads = shape.n_heads;
    call.n_kv_heads = shape.n_kv_heads;
    call.scale = shape.scale;
    call.start_pos = shape.n_keys - shape.n_queries;
    return call;
}

// A layer of Llama 3: chapter 6's, with a cache.
struct Layer {
    ch5::Config config;
    ch5::Weights weights;
    ch6::ComplexMatrix table;
    ch5::KVCache cache;
};

Matrix copied(const float* data, std::size_t rows, std::size_t columns) {
    Matrix matrix = Matrix::from_shape({rows, columns});
    std::copy_n(data, rows * columns, matrix.data());
    return matrix;
}

// Chapter 6's layer as --engine flash runs it: the cache is read where it is.
Tensor3 layer_with_engine(Layer& layer, const Tensor3& x, std::size_t start_pos) {
    ch6::Trace trace = ch6::project_and_rotate(x, layer.weights, layer.config, layer.table, start_pos);
    ch5::attend_with_engine(ch10::flash_attention, trace.attended, layer.weights, layer.config, layer.cache,
                            start_pos);
    return trace.attended.output;
}

}  // namespace

extern "C" {

const char* cpu_message() {
    return message.c_str();
}

// {"processor": ..., "cores": ..., "threads": ..., "blas": ..., "vectors": ...}, each a line.
const char* cpu_machine() {
    static std::string text;
    const bench::Machine machine = bench::this_machine();
    text = fmt::format("{}\n{}\n{}\n{}\n{}", machine.processor, machine.cores, machine.threads, machine.blas,
                       ch10::vector_instructions());
    return text.c_str();
}

// queries (B, T, H, qk), keys (B, S, H_kv, qk), values (B, S, H_kv, v) -> output (B, T, H, v), causal.
int cpu_attention(const char* rung, const CpuShape* shape, const float* queries, const float* keys,
                  const float* values, float* output, std::size_t threads) {
    return guarded([&] {
        AttentionCall call = call_of(*shape);
        call.queries = in_rows(queries, shape->batch, shape->n_queries, shape->n_heads, shape->qk_width);
        call.keys = in_rows(keys, shape->batch, shape->n_keys, shape->n_kv_heads, shape->qk_width);
        call.values = in_rows(values, shape->batch, shape->n_keys, shape->n_kv_heads, shape->v_width);
        rungs.at(rung)(call, output, threads);
    });
}

// queries (B, T, H, qk), queries_pe (B, T, H, rope), latents (B, S, qk), latents_pe (B, S, rope)
// -> output (B, T, H, qk)
int cpu_latent(const char* rung, const CpuShape* shape, const float* queries, const float* queries_pe,
               const float* latents, const float* latents_pe, float* output, std::size_t threads) {
    return guarded([&] {
        AttentionCall call = call_of(*shape);
        call.queries = in_rows(queries, shape->batch, shape->n_queries, shape->n_heads, shape->qk_width);
        call.queries_pe =
            in_rows(queries_pe, shape->batch, shape->n_queries, shape->n_heads, shape->rope_width);
        call.keys = call.values = in_rows(latents, shape->batch, shape->n_keys, 1, shape->qk_width);
        call.keys_pe = in_rows(latents_pe, shape->batch, shape->n_keys, 1, shape->rope_width);
        rungs.at(rung)(call, output, threads);
    });
}

// wq (H * head_dim, dim), wk and wv (H_kv * head_dim, dim), wo (dim, H * head_dim); cache_k and cache_v
// (1, max_seq_len, H_kv, head_dim). All are copied. nullptr: cpu_message() has the reason.
void* cpu_new_layer(const CpuLayerShape* shape, const float* wq, const float* wk, const float* wv,
                    const float* wo, const float* cache_k, const float* cache_v) {
    void* layer = nullptr;
    guarded([&] {
        const ch5::Config config{shape->dim, shape->n_heads,    shape->n_kv_heads, shape->head_dim,
                                 1,          shape->max_seq_len};
        const std::size_t q_width = config.n_heads * config.head_dim,
                          kv_width = config.kv_heads() * config.head_dim;
        const ch5::Weights weights{.wq = {copied(wq, q_width, config.dim), {}},
                                   .wk = {copied(wk, kv_width, config.dim), {}},
                                   .wv = {copied(wv, kv_width, config.dim), {}},
                                   .wo = {copied(wo, config.dim, q_width), {}}};
        auto made = std::make_unique<Layer>(
            Layer{config, weights,
                  ch6::rotation_table(ch6::frequencies(config.head_dim, shape->theta), config.max_seq_len),
                  ch5::KVCache(config)});
        const auto cached = [&](const float* data) {
            Tensor4 all = Tensor4::from_shape({1, config.max_seq_len, config.kv_heads(), config.head_dim});
            std::copy_n(data, all.size(), all.data());
            return all;
        };
        made->cache.write(0, cached(cache_k), cached(cache_v));
        layer = made.release();
    });
    return layer;
}

void cpu_delete_layer(void* layer) {
    delete static_cast<Layer*>(layer);
}

// x (1, T, dim) -> output (1, T, dim)
int cpu_layer(void* layer, int with_engine, const float* x, std::size_t tokens, std::size_t start_pos,
              float* output) {
    return guarded([&] {
        Layer& llama = *static_cast<Layer*>(layer);
        Tensor3 input = Tensor3::from_shape({1, tokens, llama.config.dim});
        std::copy_n(x, input.size(), input.data());
        const Tensor3 result = with_engine != 0 ? layer_with_engine(llama, input, start_pos)
                                                : ch6::llama_attention(input, llama.weights, llama.config,
                                                                       llama.table, llama.cache, start_pos)
                                                      .attended.output;
        std::copy(result.begin(), result.end(), output);
    });
}

// The machine's limits, as ./walk bench measures them.
void* cpu_new_sgemm(std::size_t n) {
    return new bench::SgemmProbe(n);
}
void cpu_delete_sgemm(void* probe) {
    delete static_cast<bench::SgemmProbe*>(probe);
}
void cpu_sgemm(void* probe, std::size_t threads) {
    static_cast<bench::SgemmProbe*>(probe)->multiply(threads);
}
void* cpu_new_read(std::size_t bytes) {
    return new bench::ReadProbe(bytes);
}
void cpu_delete_read(void* probe) {
    delete static_cast<bench::ReadProbe*>(probe);
}
void cpu_read(void* probe, std::size_t threads) {
    static_cast<const bench::ReadProbe*>(probe)->read(threads);
}
}
