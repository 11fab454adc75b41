// The steps of chapter 10's ladders as cases: attention alone, on random queries, keys and values.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "chapters/10_flash_attention/bench/case.hpp"
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/engine.hpp"
#include "chapters/10_flash_attention/ladder.hpp"
#include "common/bench/work.hpp"
#include "common/torch/random.hpp"

namespace ch10::bench_program {
namespace {

struct NamedRung {
    std::string name;
    Rung rung;
};

std::vector<NamedRung> named(const std::vector<RungStory>& ladder) {
    std::vector<NamedRung> rungs;
    for (const RungStory& story : ladder) rungs.push_back({story.name, story.run});
    return rungs;
}

// The memory of some calls. A call points into it.
struct Inputs {
    Tensor4 queries, queries_pe, keys, values;
    Tensor3 latents, latents_pe;
    std::vector<std::vector<float>> results;
};

void fill(Tensor4& x, const std::array<std::size_t, 4>& shape, torch::Generator& generator) {
    x = Tensor4::from_shape(shape);
    for (float& value : x) value = 2.0f * generator.uniform_float() - 1.0f;
}
void fill(Tensor3& x, const std::array<std::size_t, 3>& shape, torch::Generator& generator) {
    x = Tensor3::from_shape(shape);
    for (float& value : x) value = 2.0f * generator.uniform_float() - 1.0f;
}

// A case for each rung, on one call. The first of them is the oracle of the others.
void add_cases(std::vector<Case>& cases, const std::shared_ptr<Inputs>& inputs, const AttentionCall& call,
               const std::vector<NamedRung>& rungs, std::size_t threads) {
    const std::string oracle = rungs.front().name;
    inputs->results.reserve(16);  // the cases point to its elements
    for (const NamedRung& each : rungs) {
        std::vector<float>& result =
            inputs->results.emplace_back(call.n_queries * call.n_heads * call.value_dim());
        cases.push_back(
            {each.name, bench::work_of(call),
             [inputs, call, rung = each.rung, threads, to = &result] { rung(call, to->data(), threads); },
             &result, oracle});
    }
}

// Grouped queries: the last n_queries of n_keys tokens.
AttentionCall grouped(Inputs& inputs, const Sizes& sizes, std::size_t n_queries, std::size_t n_keys) {
    torch::Generator generator(123);
    const std::size_t n_heads = sizes.n_kv_heads * sizes.n_rep;
    fill(inputs.queries, {1, n_queries, n_heads, sizes.head_dim}, generator);
    fill(inputs.keys, {1, n_keys, sizes.n_kv_heads, sizes.head_dim}, generator);
    fill(inputs.values, {1, n_keys, sizes.n_kv_heads, sizes.head_dim}, generator);
    AttentionCall call;
    call.batch = 1;
    call.n_queries = n_queries;
    call.n_keys = n_keys;
    call.n_heads = n_heads;
    call.n_kv_heads = sizes.n_kv_heads;
    call.queries = inputs.queries;
    call.keys = inputs.keys;
    call.values = inputs.values;
    call.scale = 1.0f / std::sqrt(static_cast<float>(sizes.head_dim));
    call.start_pos = n_keys - n_queries;
    return call;
}

void engine(const AttentionCall& call, float* output, std::size_t) {
    flash_attention(call, output);
}

std::vector<Case> prefill_cases(const Sizes& sizes, std::size_t threads) {
    const auto inputs = std::make_shared<Inputs>();
    const AttentionCall call = grouped(*inputs, sizes, sizes.prefill, sizes.prefill);
    std::vector<Case> cases;
    add_cases(cases, inputs, call, named(prefill_ladder()), threads);
    return cases;
}

std::vector<Case> decode_cases(const Sizes& sizes, std::size_t threads) {
    const auto inputs = std::make_shared<Inputs>();
    const AttentionCall call = grouped(*inputs, sizes, 1, sizes.decode);
    std::vector<Case> cases;
    add_cases(cases, inputs, call, named(decode_ladder()), threads);
    return cases;
}

// Both forms of latent attention, with as many tokens in their caches. Their numbers are not related, because
// the keys of the naive form are random, and not made from the latents.
std::vector<Case> latent_cases(const Sizes& sizes, std::size_t threads) {
    const auto inputs = std::make_shared<Inputs>();
    torch::Generator generator(123);
    const std::size_t heads = sizes.latent_heads, n_keys = sizes.latent_decode;
    const std::size_t qk_width = sizes.head_dim + sizes.rope;
    std::vector<Case> cases;

    fill(inputs->queries, {1, 1, heads, qk_width + sizes.latent}, generator);
    fill(inputs->keys, {1, n_keys, heads, qk_width}, generator);
    fill(inputs->values, {1, n_keys, heads, sizes.head_dim}, generator);
    AttentionCall naive;
    naive.batch = naive.n_queries = 1;
    naive.n_keys = n_keys;
    naive.n_heads = naive.n_kv_heads = heads;
    naive.queries = View4(inputs->queries).narrow(3, 0, qk_width);
    naive.keys = inputs->keys;
    naive.values = inputs->values;
    naive.scale = 1.0f / std::sqrt(static_cast<float>(qk_width));
    naive.start_pos = n_keys - 1;
    add_cases(cases, inputs, naive, {{"naive, lesson", decode_lesson}, {"naive, engine", engine}}, threads);

    fill(inputs->queries_pe, {1, 1, heads, sizes.rope}, generator);
    fill(inputs->latents, {1, n_keys, sizes.latent}, generator);
    fill(inputs->latents_pe, {1, n_keys, sizes.rope}, generator);
    AttentionCall absorbed = naive;
    absorbed.n_kv_heads = 1;
    absorbed.queries = View4(inputs->queries).narrow(3, qk_width, sizes.latent);
    absorbed.keys = absorbed.values = one_head(inputs->latents);
    absorbed.queries_pe = inputs->queries_pe;
    absorbed.keys_pe = one_head(inputs->latents_pe);
    add_cases(
        cases, inputs, absorbed,
        {{"latent, BLAS", decode_no_copies}, {"latent, split", decode_split}, {"latent, engine", engine}},
        threads);
    return cases;
}

}  // namespace

Sizes quick_sizes() {
    return {.gpt2_width = 48,
            .gpt2_heads = 3,
            .tokens = 34,
            .context = 70,
            .head_dim = 32,
            .n_kv_heads = 2,
            .n_rep = 3,
            .dim = 96,
            .latent = 64,
            .rope = 16,
            .latent_heads = 4,
            .latent_dim = 80,
            .prefill = 77,
            .decode = 700,
            .latent_decode = 600};
}

std::vector<Group> ladders(const Sizes& sizes, std::size_t threads) {
    const auto heads =
        fmt::format("{}/{} heads of {}", sizes.n_kv_heads * sizes.n_rep, sizes.n_kv_heads, sizes.head_dim);
    return {
        {"Chapter 10, prefill",
         fmt::format(
             "Causal attention of {} tokens, {}. Each step removes one cost; only the last two use more "
             "than one thread.",
             sizes.prefill, heads),
         true, [=] { return prefill_cases(sizes, threads); }},
        {"Chapter 10, decode",
         fmt::format("One token attends to {}, {}. The last two steps use more than one thread.",
                     sizes.decode, heads),
         true, [=] { return decode_cases(sizes, threads); }},
        {"Chapter 10, latent decode",
         fmt::format(
             "One token attends to {}, {} heads. Naive: keys of {}, values of {} for each head. Absorbed: "
             "one latent of {} + {} for all heads.",
             sizes.latent_decode, sizes.latent_heads, sizes.head_dim + sizes.rope, sizes.head_dim,
             sizes.latent, sizes.rope),
         true, [=] { return latent_cases(sizes, threads); }},
    };
}

}  // namespace ch10::bench_program
