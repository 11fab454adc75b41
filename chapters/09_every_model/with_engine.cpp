#include "chapters/09_every_model/with_engine.hpp"

#include "chapters/09_every_model/alibi.hpp"
#include "chapters/09_every_model/distance_bias.hpp"
#include "chapters/09_every_model/mask.hpp"

namespace ch9 {

Trace attention_with_engine(AttentionEngine engine, const Tensor3& x, const Weights& weights,
                            const Recipe& recipe, Cache& cache, std::size_t start_pos,
                            const ch3::MaskMatrix& is_text) {
    Trace trace;
    const QueriesAndKeys ready = prepare(trace, x, weights, recipe, start_pos);
    AttentionCall call = call_of(recipe, weights, x.shape(0), x.shape(1), start_pos);
    call.queries = ready.q;
    trace.first_key = call.first_key;

    // While the cache has a row for each token, it is read in place: the first query sees all of them. After
    // that, new keys replace old ones that the first query still sees, so the visible keys are copied before,
    // in their order.
    Tensor4 keys, values;
    if (start_pos + x.shape(1) <= cache.rows()) {
        cache.write(start_pos, ready.k, trace.v);
        call.keys = cache.buffer().cache_k();
        call.values = cache.buffer().cache_v();
    } else {
        keys = one_after_the_other(cache.keys(call.first_key), ready.k);
        values = one_after_the_other(cache.values(call.first_key), trace.v);
        cache.write(start_pos, ready.k, trace.v);
        call.keys = keys;
        call.values = values;
    }
    ch3::MaskMatrix visible_text;  // (B, S)
    if (is_text.size() > 0) {
        visible_text = xt::view(is_text, xt::all(), xt::range(call.first_key, call.first_key + call.n_keys));
        call.is_text = visible_text.data();
    }

    trace.combined = Tensor3::from_shape({x.shape(0), x.shape(1), recipe.n_heads * recipe.head_dim});
    engine(call, trace.combined.data());
    project_out(trace, weights, recipe);
    return trace;
}

AttentionCall call_of(const Recipe& recipe, const Weights& weights, std::size_t batch, std::size_t tokens,
                      std::size_t start_pos) {
    AttentionCall call;
    call.batch = batch;
    call.n_queries = tokens;
    call.first_key = first_visible(recipe.mask, start_pos);
    call.n_keys = start_pos + tokens - call.first_key;
    call.n_heads = recipe.n_heads;
    call.n_kv_heads = recipe.n_kv_heads;
    call.queries = View4::of_shape({batch, tokens, recipe.n_heads, recipe.head_dim});
    call.keys = call.values = View4::of_shape({batch, call.n_keys, recipe.n_kv_heads, recipe.head_dim});

    call.scale = recipe.scale;
    call.soft_cap = recipe.soft_cap.value_or(0.0f);
    if (recipe.sinks) call.sinks = weights.sinks.data();
    call.start_pos = start_pos;
    call.causal = recipe.mask.causal;
    call.window = recipe.mask.window.value_or(0);
    call.chunk = recipe.mask.chunk.value_or(0);
    call.bias = bias_by_distance(recipe, weights, call);
    return call;
}

BiasByDistance bias_by_distance(const Recipe& recipe, const Weights& weights, const AttentionCall& call) {
    BiasByDistance bias;
    if (!recipe.alibi && !recipe.distance_bias) return bias;
    const Vector slopes = recipe.alibi ? alibi_slopes(call.n_heads) : Vector();
    const std::size_t last_query = call.start_pos + call.n_queries - 1;
    bias.lowest = static_cast<std::ptrdiff_t>(call.first_key) - static_cast<std::ptrdiff_t>(last_query);
    bias.distances = call.n_keys + call.n_queries - 1;
    bias.values.resize(call.n_heads * bias.distances);
    for (std::size_t i = 0; i < bias.distances; ++i) {
        // A query and a key at this distance, one of them at position 0.
        const std::ptrdiff_t distance = bias.lowest + static_cast<std::ptrdiff_t>(i);
        const auto query = static_cast<std::size_t>(distance < 0 ? -distance : 0),
                   key = static_cast<std::size_t>(distance > 0 ? distance : 0);
        for (std::size_t h = 0; h < call.n_heads; ++h) {
            bias.values[h * bias.distances + i] =
                recipe.alibi
                    ? slopes(h) * static_cast<float>(distance)
                    : weights.distance_bias(
                          distance_bucket(query, key, *recipe.distance_bias, !recipe.mask.causal), h);
        }
    }
    return bias;
}

}  // namespace ch9
