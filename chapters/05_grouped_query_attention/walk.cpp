// Chapter 5: fewer keys than queries, and each key is computed once. The notebook ends before this chapter.
// PyTorch prints the same tensors for torch.manual_seed(123), x = torch.randn(1, 3, 6), then wq, wk, wv, wo
// as nn.Linear without bias.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/mistakes.hpp"
#include "chapters/05_grouped_query_attention/own_layer.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "chapters/05_grouped_query_attention/walk_on_device.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"
#include "common/torch/random.hpp"

namespace {

const Chapter chapter{
    .number = 5,
    .folder = "05_grouped_query_attention",
    .title = "Grouped-query attention and the KV cache",
    .letters =
        "B sequences in a batch, T new tokens, S tokens so far, H query heads, H_kv key and value heads, "
        "head_dim width of a head, dim width of an embedding",
    .takes = Takes::layer};

constexpr ch5::Config config{
    .dim = 6, .n_heads = 4, .n_kv_heads = 2, .head_dim = 2, .max_batch_size = 2, .max_seq_len = 6};

using Rows = std::vector<std::vector<std::string>>;

// The data of the chapter: three tokens, the layer, and a fourth token for later.
struct Setting {
    Tensor3 x;
    ch5::Weights weights;
    Tensor3 x_next;
};

Setting draw_setting(Walkthrough& walk) {
    torch::Generator generator(walk.seed(123));
    Setting setting;
    setting.x = torch::view<3>(torch::randn(generator, 3, config.dim), {1, 3, config.dim});
    setting.weights = ch5::random_weights(generator, config);
    setting.x_next = torch::view<3>(torch::randn(generator, 1, config.dim), {1, 1, config.dim});
    return setting;
}

void fewer_keys(Walkthrough& walk, const Setting& setting, const ch5::Trace& trace) {
    walk.section("5.1", "Fewer keys than queries");

    walk.step(
            "Four query heads, two key heads",
            "A model that writes text must store the keys and values of all tokens so far. The size of this "
            "memory limits the model; the arithmetic does not. Grouped-query attention stores less: H_kv = "
            "2 key and value heads serve H = 4 query heads. So wk and wv have half the rows of wq.")
        .read("attention.cpp")
        .show("x", setting.x, {"B", "T", "dim"}, pytorch())
        .show("wk.weight", setting.weights.wk.weight, {"H_kv * head_dim", "dim"}, pytorch());

    walk.step("Project and split into heads",
              "As in chapter 4, but there are more query heads than key heads.")
        .read("attention.cpp")
        .formula("xq = x wqᵀ    xk = x wkᵀ    xv = x wvᵀ")
        .show("xq", trace.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk", trace.xk, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .show("xv", trace.xv, {"B", "T", "H_kv", "head_dim"}, pytorch());
}

void sharing_heads(Walkthrough& walk, const ch5::Trace& trace) {
    // Every number shows its token and its key head.
    const Tensor4 tagged = {{{{0.0f}, {1.0f}}, {{10.0f}, {11.0f}}, {{20.0f}, {21.0f}}}};
    Rows heads;
    for (std::size_t h = 0; h < config.n_heads; ++h) {
        heads.push_back({fmt::format("query head {}", h), fmt::format("key head {}", h / config.n_rep()),
                         fmt::format("key head {}", h % config.kv_heads())});
    }
    walk.step("Which heads share",
              "Query head h uses key head h / n_rep, rounded down, so neighbours share. Tiling is the "
              "classic mistake: it gives the right shape and the wrong heads. With one key head, or with "
              "n_rep = 1, no test would notice. The tagged numbers below are 10 * token + key head.")
        .read("repeat_kv.cpp")
        .table({"", "repeat_interleave (right)", "tile (wrong)"}, heads)
        .show("repeat_kv(tagged, 2)", ch5::repeat_kv(tagged, 2), {"B", "S", "H", "head_dim"})
        .show("tagged.repeat(1, 1, 2, 1)", ch5::tile_kv(tagged, 2), {"B", "S", "H", "head_dim"});

    Rows layouts;
    const Shape shape(trace.xk.shape().begin(), trace.xk.shape().end());
    for (const ch5::LayoutStep& step : ch5::repeat_kv_layouts(shape, config.n_rep())) {
        layouts.push_back({step.operation, to_string(step.shape),
                           fmt::format("({})", fmt::join(step.strides, ", ")),
                           step.bytes_moved == 0 ? "view" : fmt::format("{} bytes", step.bytes_moved)});
    }
    walk.step("repeat_kv: which steps move memory",
              "expand gives the new axis a stride of 0, so it reads the same element again and copies "
              "nothing. But no strides can express h / n_rep, so the reshape that merges the two axes has "
              "to copy. Good kernels index with h / n_rep instead and never make the copy.")
        .read("repeat_kv.cpp")
        .table({"operation", "shape", "strides", "moves"}, layouts)
        .show("keys", trace.keys, {"B", "S", "H", "head_dim"}, pytorch());
}

void attend(Walkthrough& walk, const ch5::Trace& trace) {
    walk.step("Attend",
              "The rest is as in chapter 4: scores, causal mask, softmax, weighted sum of values, and wo "
              "instead of out_proj.")
        .read("attention.cpp")
        .formula("A = softmax(mask(Q Kᵀ) / √head_dim)        output = combine(A V) woᵀ")
        .show("attn_scores", trace.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .show("masked", trace.masked, {"B", "H", "T", "S"}, pytorch())
        .show("attn_weights", trace.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("head_context", trace.head_context, {"B", "H", "T", "head_dim"}, pytorch())
        .show("output", trace.output, {"B", "T", "dim"}, pytorch());
}

void the_cache(Walkthrough& walk, const Setting& setting, ch5::KVCache& cache) {
    walk.section("5.2", "The KV cache");

    const Tensor4 first_sequence = ch5::KVCache(cache).keys(1, config.max_seq_len);
    walk.step("What the cache stores",
              "A key depends only on its own token, so it never changes when more tokens follow. The cache "
              "is allocated once: (max_batch, max_seq, H_kv, head_dim) for the keys, and the same for the "
              "values. Positions 3 to 5 still contain zeros.")
        .read("kv_cache.cpp")
        .show("cache_k[:1]", first_sequence, {"B", "max_seq", "H_kv", "head_dim"}, pytorch())
        .note(fmt::format("Counted from the buffers: {} bytes for each token.", cache.bytes_per_token()));

    const std::size_t start_pos = setting.x.shape(1);
    const ch5::Trace step =
        ch5::grouped_query_attention(setting.x_next, setting.weights, config, cache, start_pos);
    walk.step("One more token",
              "The fourth token adds one query, one key and one value. It attends to all four keys, and "
              "three of them come from the cache. With a single query, no key is in the future, so the "
              "mask changes nothing.")
        .read("attention.cpp")
        .show("step.xq", step.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("step.attn_weights", step.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("step.output", step.output, {"B", "T", "dim"}, pytorch());
}

// The output for all of x, processed in chunks of these sizes.
Tensor3 run_in_pieces(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& sizes_of,
                      const std::vector<std::size_t>& sizes) {
    ch5::KVCache cache(sizes_of);
    return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
        return ch5::grouped_query_attention(piece, weights, sizes_of, cache, start_pos).output;
    });
}

void pieces_are_equal(Walkthrough& walk, const Setting& setting) {
    Tensor3 x = Tensor3::from_shape({1, 4, config.dim});
    xt::view(x, xt::all(), xt::range(0, 3), xt::all()) = setting.x;
    xt::view(x, xt::all(), xt::range(3, 4), xt::all()) = setting.x_next;
    const Tensor3 prefill = run_in_pieces(x, setting.weights, config, {4});

    Rows rows;
    const std::vector<std::vector<std::size_t>> ways = {{4}, {2, 2}, {1, 1, 1, 1}, {1, 2, 1}};
    for (const std::vector<std::size_t>& sizes : ways) {
        const Tensor3 output = run_in_pieces(x, setting.weights, config, sizes);
        rows.push_back({fmt::format("{}", fmt::join(sizes, " + ")),
                        fmt::format("{:.1e}", largest_difference(output, prefill))});
    }

    // The mistake: the mask of the second chunk starts at position 0.
    ch5::KVCache cache(config);
    ch5::grouped_query_attention(torch::narrow(x, 1, 0, 2), setting.weights, config, cache, 0);
    ch5::Trace chunk = ch5::project(torch::narrow(x, 1, 2, 2), setting.weights, config);
    const ch3::MaskMatrix without_offset = xt::view(ch5::future_mask(4, 0), xt::range(0, 2), xt::all());
    ch5::attend(chunk, setting.weights, config, cache, 2, without_offset);
    rows.push_back(
        {"2 + 2, mask without offset",
         fmt::format("{:.1e}", largest_difference(chunk.output, torch::narrow(prefill, 1, 2, 2)))});

    walk.step("Prefill, chunks, token by token",
              "The outputs agree for every way to split the four tokens. With more than one new token, "
              "the mask must start at start_pos, because query i is at position start_pos + i. A mask "
              "that starts at 0 masks cached keys that the queries need, and every shape still fits.")
        .read("decoding.cpp")
        .table({"pieces", "largest difference to 4 at once"}, rows);
}

void one_config_field(Walkthrough& walk) {
    Rows rows;
    const std::vector<std::pair<std::string, std::optional<std::size_t>>> variants = {
        {"multi-head", std::nullopt}, {"grouped-query", 2}, {"multi-query", 1}};
    for (const auto& [name, n_kv_heads] : variants) {
        ch5::Config variant = config;
        variant.n_kv_heads = n_kv_heads;
        torch::Generator generator(0);
        const ch5::Weights weights = ch5::random_weights(generator, variant);
        const std::size_t parameters = weights.wq.weight.size() + weights.wk.weight.size() +
                                       weights.wv.weight.size() + weights.wo.weight.size();
        rows.push_back({name, n_kv_heads ? fmt::format("{}", *n_kv_heads) : "null",
                        fmt::format("{}", variant.n_rep()), fmt::format("{}", parameters),
                        fmt::format("{}", ch5::KVCache(variant).bytes_per_token())});
    }
    walk.step("MHA, GQA and MQA are one field apart",
              "n_kv_heads = null means as many key heads as query heads: chapter 4. With 1, all query heads "
              "share a single key head. The bytes are counted from the buffers, for one token of one "
              "sequence and one layer.")
        .read("config.hpp")
        .table({"attention", "n_kv_heads", "n_rep", "parameters", "cache bytes per token"}, rows);
}

void what_a_step_costs(Walkthrough& walk) {
    // Multiplications of one decoding step: the projections of the computed tokens, then scores and weighted
    // sum.
    constexpr std::size_t dim = 4096, head_dim = 128, heads = 32, kv_heads = 8;
    constexpr std::size_t per_token = dim * head_dim * (2 * heads + 2 * kv_heads);
    Rows rows;
    for (const std::size_t context : {std::size_t{128}, std::size_t{1024}, std::size_t{8192}}) {
        const std::size_t with_cache = per_token + 2 * context * heads * head_dim;
        const std::size_t without = context * per_token + context * (context + 1) * heads * head_dim;
        rows.push_back(
            {fmt::format("{}", context), fmt::format("{:.1e}", static_cast<double>(with_cache)),
             fmt::format("{:.1e}", static_cast<double>(without)),
             fmt::format("{:.0f}", static_cast<double>(without) / static_cast<double>(with_cache))});
    }
    walk.step("The cost of a step with and without the cache",
              "The multiplications for one more token in a layer of Llama-3-8B's size (dim 4096, 32 heads, "
              "8 key heads of 128). Without the cache, every step projects all earlier tokens and computes "
              "their attention again. docs/performance.md has measured times.")
        .table({"context", "with cache", "without", "without / with"}, rows);
}

// --config: the same attention on your own layer.
void own_layer(Walkthrough& walk, const DeviceChoice& choice, const FlashEngine& engine) {
    const ch5::Layer layer = ch5::load_layer(walk, !engine.is_there());
    if (!choice.is_cpu()) {
        ch5::refuse_bias_on_device(layer);
        const auto [x, x_next] = ch5::all_but_last(layer.x);
        return ch5::walk_on_device(walk, choice, x, x_next, layer.weights, layer.config);
    }
    const std::string positions = fmt::format(
        "This chapter has no positions: rope_theta = {} and rope_scaling are not used here, and the output is not yet that "
        "of the model's layer. ./walk 6 with the same options rotates queries and keys.",
        layer.model.rope_theta);
    ch5::walk_own_layer(walk, layer, positions,
                        [&](const Tensor3& x, std::size_t start_pos, ch5::KVCache& cache) {
                            return ch5::attend_to_piece(ch5::project(x, layer.weights, layer.config), layer,
                                                        cache, start_pos, engine);
                        });
}

}  // namespace

int main(int argc, char** argv) {
    DeviceChoice choice;
    EngineChoice engine;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) return own_layer(walk, choice, chosen_engine(5, engine, flash_engine()));
        const Setting setting = draw_setting(walk);
        if (!choice.is_cpu()) {
            return ch5::walk_on_device(walk, choice, setting.x, setting.x_next, setting.weights, config);
        }
        ch5::KVCache cache(config);
        const ch5::Trace trace = ch5::grouped_query_attention(setting.x, setting.weights, config, cache, 0);

        fewer_keys(walk, setting, trace);
        sharing_heads(walk, trace);
        attend(walk, trace);
        the_cache(walk, setting, cache);
        pieces_are_equal(walk, setting);
        one_config_field(walk);
        what_a_step_costs(walk);
    };
    return walk_through({.chapter = chapter,
                         .tell = tell,
                         .mistakes = ch5::mistakes,
                         .options = joined(device_options(5, choice), engine_options(5, engine))},
                        argc, argv);
}
