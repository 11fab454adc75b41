// The functions of chapters 1 to 9 as cases: each chapter's own code, at the size of a model that has such
// layers. The weights are random.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "chapters/01_simplified_self_attention/attention.hpp"
#include "chapters/02_trainable_weights/attention.hpp"
#include "chapters/03_causal_mask_and_dropout/attention.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "chapters/08_llama_4/attention.hpp"
#include "chapters/09_every_model/attention.hpp"
#include "chapters/10_flash_attention/bench/case.hpp"
#include "chapters/10_flash_attention/bench/shapes.hpp"
#include "common/bench/work.hpp"
#include "common/torch/random.hpp"

namespace ch10::bench_program {
namespace {

using bench::Work;
using bench::work_of_projection;

Tensor3 random_input(torch::Generator& generator, std::size_t tokens, std::size_t dim) {
    return torch::view<3>(torch::randn(generator, tokens, dim), {1, tokens, dim});
}

// All queries, keys and values, then one output: (T, dim) -> (T, dim).
Work projections(std::size_t tokens, std::size_t dim, std::size_t q_width, std::size_t kv_width) {
    return work_of_projection(tokens, dim, q_width) + work_of_projection(tokens, dim, kv_width) +
           work_of_projection(tokens, dim, kv_width) + work_of_projection(tokens, q_width, dim);
}

std::vector<Case> chapters_1_to_4(const Sizes& sizes) {
    const std::size_t tokens = sizes.tokens, width = sizes.gpt2_width, head = width / sizes.gpt2_heads;
    struct Inputs {
        Matrix x;
        ch2::Weights plain;
        ch2::LinearWeights linear;
        ch4::Weights heads;
        torch::Generator generator{123};
    };
    const auto inputs = std::make_shared<Inputs>();
    torch::Generator& generator = inputs->generator;
    inputs->x = torch::randn(generator, tokens, width);
    inputs->plain = ch2::random_weights(generator, width, head);
    inputs->linear = ch2::random_linear_weights(generator, width, head);
    inputs->heads = ch4::random_weights(generator, width, width);
    const ch3::Dropout no_dropout{0.0, ch3::Mode::eval};
    const auto batch = std::make_shared<Tensor3>(torch::view<3>(inputs->x, {1, tokens, width}));

    const Shape one_head{
        .n_queries = tokens, .n_keys = tokens, .qk_width = head, .v_width = head, .causal = false};
    Shape causal = one_head, all_heads = one_head, unprojected = one_head;
    causal.causal = all_heads.causal = true;
    all_heads.n_heads = all_heads.n_kv_heads = sizes.gpt2_heads;
    unprojected.qk_width = unprojected.v_width = width;
    const Work three = work_of_projection(tokens, width, head) + work_of_projection(tokens, width, head) +
                       work_of_projection(tokens, width, head);
    return {
        {"1 self-attent.", work_of(unprojected), [inputs] { ch1::self_attention(inputs->x); }},
        {"2 weights", three + work_of(one_head), [inputs] { ch2::self_attention(inputs->x, inputs->plain); }},
        {"3 causal", three + work_of(causal),
         [inputs, batch, no_dropout] {
             ch3::causal_attention(*batch, inputs->linear, no_dropout, inputs->generator);
         }},
        {"4 multi-head", projections(tokens, width, width, width) + work_of(all_heads),
         [inputs, batch, no_dropout, n_heads = sizes.gpt2_heads] {
             ch4::multi_head_attention(*batch, inputs->heads, n_heads, no_dropout, inputs->generator);
         }},
    };
}

// A layer of Llama 3 8B.
std::vector<Case> chapters_5_and_6(const Sizes& sizes) {
    const std::size_t n_heads = sizes.n_kv_heads * sizes.n_rep;
    struct Layer {
        ch5::Config config;
        ch5::Weights weights;
        ch6::ComplexMatrix table;
        ch5::KVCache cache;
        Tensor3 prompt, token;
    };
    torch::Generator generator(123);
    const ch5::Config config{sizes.dim, n_heads, sizes.n_kv_heads, sizes.head_dim, 1, sizes.context + 1};
    const auto layer = std::make_shared<Layer>(
        Layer{config, ch5::random_weights(generator, config),
              ch6::rotation_table(ch6::frequencies(config.head_dim, 500000.0f), config.max_seq_len),
              ch5::KVCache(config), random_input(generator, sizes.tokens, config.dim),
              random_input(generator, 1, config.dim)});
    layer->cache.fill(0.5f);

    const auto work = [&](std::size_t tokens, std::size_t start_pos) {
        return projections(tokens, config.dim, n_heads * config.head_dim,
                           config.kv_heads() * config.head_dim) +
               work_of(Shape{.n_queries = tokens,
                             .n_keys = start_pos + tokens,
                             .n_heads = n_heads,
                             .n_kv_heads = config.kv_heads(),
                             .qk_width = config.head_dim,
                             .v_width = config.head_dim});
    };
    return {{"5 prefill", work(sizes.tokens, 0),
             [layer] {
                 ch5::grouped_query_attention(layer->prompt, layer->weights, layer->config, layer->cache, 0);
             }},
            {"6 prefill", work(sizes.tokens, 0),
             [layer] {
                 ch6::llama_attention(layer->prompt, layer->weights, layer->config, layer->table,
                                      layer->cache, 0);
             }},
            {"6 decode", work(1, sizes.context), [layer, start = sizes.context] {
                 ch6::llama_attention(layer->token, layer->weights, layer->config, layer->table, layer->cache,
                                      start);
             }}};
}

// One token, with a layer of DeepSeek-V2-Lite.
std::vector<Case> chapter_7(const Sizes& sizes) {
    struct Layer {
        ch7::Config config;
        ch7::Weights weights;
        ch7::Positions positions;
        ch7::NaiveCache naive;
        ch7::LatentCache latent;
        Tensor3 token;
    };
    torch::Generator generator(123);
    const ch7::Config config{.dim = sizes.latent_dim,
                             .n_heads = sizes.latent_heads,
                             .q_lora_rank = 0,
                             .kv_lora_rank = sizes.latent,
                             .qk_nope_head_dim = sizes.head_dim,
                             .qk_rope_head_dim = sizes.rope,
                             .v_head_dim = sizes.head_dim,
                             .max_batch_size = 1,
                             .max_seq_len = sizes.context + 1};
    const auto layer = std::make_shared<Layer>(Layer{config, ch7::random_weights(generator, config),
                                                     ch7::positions(config, 10000.0f, {}, config.max_seq_len),
                                                     ch7::NaiveCache(config), ch7::LatentCache(config),
                                                     random_input(generator, 1, config.dim)});
    layer->naive.k_cache.fill(0.5f);
    layer->naive.v_cache.fill(0.5f);
    layer->latent.kv_cache.fill(0.5f);
    layer->latent.pe_cache.fill(0.5f);

    const std::size_t heads = config.n_heads, latent = config.kv_lora_rank, nope = config.qk_nope_head_dim;
    const Work outside = work_of_projection(1, config.dim, heads * config.qk_head_dim()) +
                         work_of_projection(1, config.dim, latent + config.qk_rope_head_dim) +
                         work_of_projection(1, latent, heads * (nope + config.v_head_dim)) +
                         work_of_projection(1, heads * config.v_head_dim, config.dim);
    const Shape naive{.n_queries = 1,
                      .n_keys = sizes.context + 1,
                      .n_heads = heads,
                      .n_kv_heads = heads,
                      .qk_width = config.qk_head_dim(),
                      .v_width = config.v_head_dim};
    const auto start = sizes.context;
    return {{"7 naive", outside + work_of(naive),
             [layer, start] {
                 ch7::naive_attention(layer->token, layer->weights, layer->config, layer->positions,
                                      layer->naive, start);
             }},
            {"7 absorbed", outside + work_of_latents(heads, latent, config.qk_rope_head_dim, start + 1),
             [layer, start] {
                 ch7::absorbed_attention(layer->token, layer->weights, layer->config, layer->positions,
                                         layer->latent, start);
             }}};
}

// The attention of a layer with RoPE, QK norm and chunks, with as many heads as Llama 3 8B.
std::vector<Case> chapter_8(const Sizes& sizes) {
    struct Layer {
        ch8::Config config;
        ch5::Weights weights;
        ch6::ComplexMatrix table;
        ch5::KVCache cache;
        Tensor3 prompt;
    };
    torch::Generator generator(123);
    ch8::Config config;
    config.heads = {sizes.dim,   sizes.n_kv_heads * sizes.n_rep, sizes.n_kv_heads, sizes.head_dim, 1,
                    sizes.tokens};
    config.n_layers = 1;
    config.attention_chunk_size = sizes.tokens / 2;
    config.use_qk_norm = true;
    const auto layer = std::make_shared<Layer>(
        Layer{config, ch5::random_weights(generator, config.heads),
              ch6::rotation_table(ch6::frequencies(sizes.head_dim, 500000.0f), sizes.tokens),
              ch5::KVCache(config.heads), random_input(generator, sizes.tokens, sizes.dim)});
    const Shape shape{.n_queries = sizes.tokens,
                      .n_keys = sizes.tokens,
                      .n_heads = config.heads.n_heads,
                      .n_kv_heads = sizes.n_kv_heads,
                      .qk_width = sizes.head_dim,
                      .v_width = sizes.head_dim,
                      .chunk = sizes.tokens / 2};
    const Work outside = projections(sizes.tokens, sizes.dim, config.heads.n_heads * sizes.head_dim,
                                     sizes.n_kv_heads * sizes.head_dim);
    return {{"8 prefill", outside + work_of(shape), [layer] {
                 ch8::attention(layer->prompt, layer->weights, layer->config, 0, layer->table, layer->cache,
                                0);
             }}};
}

// A layer with a soft cap and a window, as Gemma 2 has them.
std::vector<Case> chapter_9(const Sizes& sizes) {
    struct Layer {
        ch9::Recipe recipe;
        ch9::Weights weights;
        Tensor3 prompt;
    };
    torch::Generator generator(123);
    ch9::Recipe recipe;
    recipe.dim = sizes.dim;
    recipe.n_heads = sizes.n_kv_heads * sizes.n_rep;
    recipe.n_kv_heads = sizes.n_kv_heads;
    recipe.head_dim = sizes.head_dim;
    recipe.scale = 1.0f / std::sqrt(static_cast<float>(recipe.head_dim));
    recipe.soft_cap = 50.0f;
    recipe.mask.window = sizes.tokens / 2;
    recipe.rope =
        ch9::Rope{.rotary_dim = recipe.head_dim, .freqs = ch6::frequencies(recipe.head_dim, 10000.0f)};
    const std::size_t q_width = recipe.n_heads * recipe.head_dim,
                      kv_width = recipe.n_kv_heads * recipe.head_dim;
    ch9::Weights weights;
    weights.q = ch2::random_linear(generator, recipe.dim, q_width);
    weights.k = ch2::random_linear(generator, recipe.dim, kv_width);
    weights.v = ch2::random_linear(generator, recipe.dim, kv_width);
    weights.o = ch2::random_linear(generator, q_width, recipe.dim);
    const auto layer =
        std::make_shared<Layer>(Layer{recipe, weights, random_input(generator, sizes.tokens, sizes.dim)});
    const Shape shape{.n_queries = sizes.tokens,
                      .n_keys = sizes.tokens,
                      .n_heads = recipe.n_heads,
                      .n_kv_heads = recipe.n_kv_heads,
                      .qk_width = recipe.head_dim,
                      .v_width = recipe.head_dim,
                      .window = sizes.tokens / 2};
    return {{"9 prefill", projections(sizes.tokens, recipe.dim, q_width, kv_width) + work_of(shape), [layer] {
                 ch9::Cache empty(layer->recipe, 1, layer->prompt.shape(1));
                 ch9::attention(layer->prompt, layer->weights, layer->recipe, empty, 0);
             }}};
}

}  // namespace

std::vector<Group> lessons(const Sizes& sizes) {
    const auto layer = fmt::format("dim {}, {}/{} heads of {}", sizes.dim, sizes.n_kv_heads * sizes.n_rep,
                                   sizes.n_kv_heads, sizes.head_dim);
    return {
        {"Chapters 1 to 4", fmt::format("GPT-2's width {}, {} tokens.", sizes.gpt2_width, sizes.tokens),
         false, [sizes] { return chapters_1_to_4(sizes); }},
        {"Chapters 5 and 6",
         fmt::format("A layer of Llama 3 8B: {}. Prefill of {} tokens; decode of one token after {}.", layer,
                     sizes.tokens, sizes.context),
         false, [sizes] { return chapters_5_and_6(sizes); }},
        {"Chapter 7",
         fmt::format("A layer of DeepSeek-V2-Lite: {} heads, latents of {} + {}. One token after {}.",
                     sizes.latent_heads, sizes.latent, sizes.rope, sizes.context),
         false, [sizes] { return chapter_7(sizes); }},
        {"Chapter 8",
         fmt::format("{}, QK norm, chunks of {}, {} tokens.", layer, sizes.tokens / 2, sizes.tokens), false,
         [sizes] { return chapter_8(sizes); }},
        {"Chapter 9",
         fmt::format("{}, soft cap, window of {}, {} tokens.", layer, sizes.tokens / 2, sizes.tokens), false,
         [sizes] { return chapter_9(sizes); }},
    };
}

}  // namespace ch10::bench_program
