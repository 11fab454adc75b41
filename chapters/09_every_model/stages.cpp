#include "chapters/09_every_model/stages.hpp"

#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/09_every_model/mask.hpp"
#include "chapters/09_every_model/projections.hpp"

namespace ch9 {
namespace {

struct Pair {
    Tensor4 q, k;
};

Pair normed_pair(Trace& trace, const Pair& now, const Variant& variant) {
    trace.q_normed = qk_norm(now.q, *variant.recipe.qk_norm, variant.weights.q_norm);
    trace.k_normed = qk_norm(now.k, *variant.recipe.qk_norm, variant.weights.k_norm);
    return {trace.q_normed, trace.k_normed};
}

Pair rotated_pair(Trace& trace, const Pair& now, const Rope& rope, const Stages& stages,
                  std::size_t position) {
    trace.q_rotated = stages.rotation(now.q, rope, position);
    trace.k_rotated = stages.rotation(now.k, rope, position);
    return {trace.q_rotated, trace.k_rotated};
}

Pair prepared(Trace& trace, const Tensor3& x, const Variant& variant, const Stages& stages,
              std::size_t position) {
    const Recipe& recipe = variant.recipe;
    const Projected projected = project(x, variant.weights, recipe);
    trace.q = stages.gate_before_query && recipe.output_gate ? projected.gate : projected.q;
    trace.gate = stages.gate_before_query ? projected.q : projected.gate;
    trace.k = projected.k;
    trace.v = projected.v;
    Pair now{trace.q, trace.k};
    const bool norm_last = stages.norm_after_rotation;
    if (recipe.qk_norm && !norm_last) now = normed_pair(trace, now, variant);
    if (recipe.rope) now = rotated_pair(trace, now, *recipe.rope, stages, position);
    if (recipe.qk_norm && norm_last) now = normed_pair(trace, now, variant);
    return now;
}

// The cached part of the keys or values, and the new part: (B, S, H, d).
Tensor4 with_new(const Tensor4& cached, const Tensor4& fresh) {
    Tensor4 all = Tensor4::from_shape(
        {fresh.shape(0), cached.shape(1) + fresh.shape(1), fresh.shape(2), fresh.shape(3)});
    xt::view(all, xt::all(), xt::range(std::size_t{0}, cached.shape(1))) = cached;
    xt::view(all, xt::all(), xt::range(cached.shape(1), all.shape(1))) = fresh;
    return all;
}

void scored(Trace& trace, const Tensor4& q, const Variant& variant, const Stages& stages,
            std::size_t start_pos) {
    const Recipe& recipe = variant.recipe;
    const Tensor4 queries = torch::transpose(q, 1, 2), keys = torch::transpose(trace.keys, 1, 2);
    const Tensor4 products = torch::matmul_transposed(queries, keys);
    trace.attn_scores = recipe.scale * products;
    Tensor4 now = trace.attn_scores;
    if (recipe.soft_cap) {
        if (stages.capped == Capped::before_scale) {
            now = trace.capped = recipe.scale * stages.cap(products, *recipe.soft_cap);
        } else {
            now = trace.capped = stages.cap(now, *recipe.soft_cap);
        }
    }
    if (recipe.alibi) now = trace.biased = stages.alibi(now, start_pos, trace.first_key);
    if (recipe.distance_bias) {
        now = trace.biased = stages.distance_bias(now, variant.weights.distance_bias, *recipe.distance_bias,
                                                  !recipe.mask.causal, start_pos, trace.first_key);
    }
    const ch3::MaskMatrix hidden =
        hidden_keys(recipe.mask, now.shape(2), start_pos, now.shape(3), trace.first_key);
    const bool cap_last = recipe.soft_cap && stages.capped == Capped::after_mask;
    trace.masked = ch3::masked_fill(cap_last ? trace.attn_scores : now, hidden, ch3::True::hides);
    if (cap_last) trace.masked = trace.capped = stages.cap(trace.masked, *recipe.soft_cap);
    if (variant.is_text.size() > 0)
        trace.masked = hide_padding(trace.masked, variant.is_text, trace.first_key);
}

}  // namespace

Trace attention_with(const Stages& stages, const Tensor3& x, const Variant& variant, Cache& cache,
                     std::size_t start_pos) {
    const Recipe& recipe = variant.recipe;
    Trace trace;
    const Pair ready = prepared(trace, x, variant, stages, stages.position(start_pos, cache.rows()));
    trace.first_key = first_visible(recipe.mask, start_pos);
    trace.keys = with_new(cache.keys(trace.first_key), ready.k);
    trace.values = with_new(cache.values(trace.first_key), trace.v);
    cache.write(start_pos, ready.k, trace.v);
    scored(trace, ready.q, variant, stages, start_pos);

    trace.attn_weights = recipe.sinks ? stages.sink_softmax(trace.masked, variant.weights.sinks)
                                      : ch3::masked_softmax(trace.masked);
    const Tensor4 values = torch::transpose(trace.values, 1, 2);
    trace.head_context = torch::matmul(trace.attn_weights, values);
    trace.combined = ch4::combine_heads(trace.head_context);
    if (recipe.output_gate) trace.gated = stages.gate(trace.combined, trace.gate);
    trace.output =
        linear(recipe.output_gate ? trace.gated : trace.combined, variant.weights.o, recipe.conv1d);
    return trace;
}

NamedTensors tensors_with(const Changes& changes) {
    torch::Generator generator(walk_seed);
    const Setting setting = changes.draw(generator);
    Variants all = variants_of(setting);
    changes.change(all);
    const auto of = [&](const Variant& variant) {
        Cache cache(variant.recipe, 1, setting.x.shape(1));
        return attention_with(changes.stages, setting.x, variant, cache, 0);
    };
    const auto first = [&](const Variant& variant) {
        const Tensor3 all_columns = linear(setting.x, variant.weights.qkv, false);
        return torch::select(torch::select(all_columns, 0), 0);
    };
    const Trace plain = of(all.plain), normed = of(all.normed), soft = of(all.soft), sinks = of(all.sinks);
    const Trace alibi = of(all.alibi), gated = of(all.gated);

    Cache ring(all.window.recipe, 1, setting.x.shape(1) + 1);
    const Trace window = attention_with(changes.stages, setting.x, all.window, ring, 0);
    const Trace step = attention_with(changes.stages, setting.x_next, all.window, ring, setting.x.shape(1));
    return {{"x", setting.x},
            {"q", plain.q},
            {"k", plain.k},
            {"v", plain.v},
            {"attn_scores", plain.attn_scores},
            {"attn_weights", plain.attn_weights},
            {"output", plain.output},
            {"first_by_blocks", first(all.by_blocks)},
            {"first_by_heads", first(all.by_heads)},
            {"by_heads.q", of(all.by_heads).q},
            {"normed.q_normed", normed.q_normed},
            {"normed.q_rotated", normed.q_rotated},
            {"normed.attn_weights", normed.attn_weights},
            {"plus_one.q_normed", of(all.plus_one).q_normed},
            {"whole.q_normed", of(all.whole).q_normed},
            {"soft.capped", soft.capped},
            {"soft.attn_weights", soft.attn_weights},
            {"sinks.attn_weights", sinks.attn_weights},
            {"sinks.output", sinks.output},
            {"window.attn_weights", window.attn_weights},
            {"both_ways.attn_weights", of(all.both_ways).attn_weights},
            {"partial.q_rotated", of(all.partial).q_rotated},
            {"slopes", changes.slopes(alibi.biased.shape(1))},
            {"alibi.biased", alibi.biased},
            {"distance.biased", of(all.distance).biased},
            {"stretched.attn_scores", of(all.stretched).attn_scores},
            {"gated.gate", gated.gate},
            {"gated.output", gated.output},
            {"step.attn_weights", step.attn_weights},
            {"step.output", step.output}};
}

}  // namespace ch9
