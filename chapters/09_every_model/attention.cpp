#include "chapters/09_every_model/attention.hpp"

#include <stdexcept>

#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "chapters/09_every_model/alibi.hpp"
#include "chapters/09_every_model/distance_bias.hpp"
#include "chapters/09_every_model/mask.hpp"
#include "chapters/09_every_model/norms.hpp"
#include "chapters/09_every_model/output_gate.hpp"
#include "chapters/09_every_model/projections.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "chapters/09_every_model/sinks.hpp"
#include "chapters/09_every_model/soft_cap.hpp"

namespace ch9 {

QueriesAndKeys prepare(Trace& trace, const Tensor3& x, const Weights& weights, const Recipe& recipe,
                       std::size_t start_pos) {
    if (!recipe.mask.causal && start_pos != 0) {
        throw std::invalid_argument("queries that look both ways need the whole text at once");
    }
    Projected projected = project(x, weights, recipe);
    trace.q = projected.q;
    trace.k = projected.k;
    trace.v = projected.v;
    trace.gate = projected.gate;
    QueriesAndKeys now{trace.q, trace.k};  // the last stage's tensors: what the present stage works on
    if (recipe.qk_norm) {
        now.q = trace.q_normed = qk_norm(now.q, *recipe.qk_norm, weights.q_norm);
        now.k = trace.k_normed = qk_norm(now.k, *recipe.qk_norm, weights.k_norm);
    }
    if (recipe.rope) {
        now.q = trace.q_rotated = rotate(now.q, *recipe.rope, start_pos);
        now.k = trace.k_rotated = rotate(now.k, *recipe.rope, start_pos);
    }
    return now;
}

Tensor4 one_after_the_other(const Tensor4& old, const Tensor4& added) {
    Tensor4 all =
        Tensor4::from_shape({added.shape(0), old.shape(1) + added.shape(1), added.shape(2), added.shape(3)});
    xt::view(all, xt::all(), xt::range(std::size_t{0}, old.shape(1))) = old;
    xt::view(all, xt::all(), xt::range(old.shape(1), all.shape(1))) = added;
    return all;
}

void project_out(Trace& trace, const Weights& weights, const Recipe& recipe) {
    if (recipe.output_gate) trace.gated = open_gate(trace.combined, trace.gate);
    trace.output = linear(recipe.output_gate ? trace.gated : trace.combined, weights.o, recipe.conv1d);
}

namespace {

// The keys and values that the new queries can see: old ones from the cache, then the new ones.
void meet_the_cache(Trace& trace, const Tensor4& new_keys, const Recipe& recipe, Cache& cache,
                    std::size_t start_pos) {
    const std::size_t n_rep = recipe.n_heads / recipe.n_kv_heads;
    trace.first_key = first_visible(recipe.mask, start_pos);
    const Tensor4 keys = one_after_the_other(cache.keys(trace.first_key), new_keys),
                  values = one_after_the_other(cache.values(trace.first_key), trace.v);
    trace.keys = ch5::repeat_kv(keys, n_rep);
    trace.values = ch5::repeat_kv(values, n_rep);
    cache.write(start_pos, new_keys, trace.v);
}

// Scores, from the products to the mask.
void score(Trace& trace, const Tensor4& q, const Weights& weights, const Recipe& recipe,
           std::size_t start_pos, const ch3::MaskMatrix& is_text) {
    const View4 queries = View4(q).transpose(1, 2), keys = View4(trace.keys).transpose(1, 2);
    trace.attn_scores = recipe.scale * torch::matmul_transposed(queries, keys);
    Tensor4 now = trace.attn_scores;
    if (recipe.soft_cap) now = trace.capped = soft_cap(now, *recipe.soft_cap);
    if (recipe.alibi) now = trace.biased = add_alibi(now, start_pos, trace.first_key);
    if (recipe.distance_bias) {
        now = trace.biased = add_distance_bias(now, weights.distance_bias, *recipe.distance_bias,
                                               !recipe.mask.causal, start_pos, trace.first_key);
    }
    const ch3::MaskMatrix hidden =
        hidden_keys(recipe.mask, now.shape(2), start_pos, now.shape(3), trace.first_key);
    trace.masked = ch3::masked_fill(now, hidden, ch3::True::hides);
    if (is_text.size() > 0) trace.masked = hide_padding(trace.masked, is_text, trace.first_key);
}

}  // namespace

Trace attention(const Tensor3& x, const Weights& weights, const Recipe& recipe, Cache& cache,
                std::size_t start_pos, const ch3::MaskMatrix& is_text) {
    Trace trace;
    const QueriesAndKeys ready = prepare(trace, x, weights, recipe, start_pos);
    meet_the_cache(trace, ready.k, recipe, cache, start_pos);
    score(trace, ready.q, weights, recipe, start_pos, is_text);

    trace.attn_weights =
        recipe.sinks ? softmax_with_sinks(trace.masked, weights.sinks) : ch3::masked_softmax(trace.masked);
    const View4 values = View4(trace.values).transpose(1, 2);
    trace.head_context = torch::matmul(trace.attn_weights, values);
    trace.combined = ch4::combine_heads(trace.head_context);
    project_out(trace, weights, recipe);
    return trace;
}

}  // namespace ch9
