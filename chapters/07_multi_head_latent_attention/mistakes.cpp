#include "chapters/07_multi_head_latent_attention/mistakes.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "chapters/07_multi_head_latent_attention/scores.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "common/torch/random.hpp"

namespace ch7 {
namespace {

struct Drawn {
    Tensor3 x, x_next;
    Weights weights;
};

Tensor3 drawn_tokens(torch::Generator& generator, std::size_t count) {
    return torch::view<3>(torch::randn(generator, count, small_config.dim), {1, count, small_config.dim});
}

Drawn draw_rightly() {
    torch::Generator generator(156);
    Drawn drawn;
    drawn.x = drawn_tokens(generator, 3);
    drawn.weights = random_weights(generator, small_config);
    drawn.x_next = drawn_tokens(generator, 1);
    return drawn;
}

// --- the steps of the two forms; a mistake replaces one of them

using Turn = std::function<Tensor4(const Tensor4&, const ch6::ComplexMatrix&, std::size_t start_pos)>;

struct Steps {
    bool norm_queries = true, norm_latent = true;
    bool norm_with_k_pe = false;                            // the norm covers latent and k_pe together
    bool rope_part_first = false;                           // q is split as (rope, nope)
    bool k_pe_first = false;                                // the output of wkv_a is split as (k_pe, latent)
    Turn turn_queries = ch6::rotate;                        // q_pe -> q_pe_rotated
    Turn turn_keys = ch6::rotate;                           // k_pe -> k_pe_rotated
    bool values_first = false, values_first_naive = false;  // wkv_b's rows are split as (v, nope)
    bool keep_before_norm = false;                          // the absorbed cache stores kv_latent
    bool content_alone = false;                             // no scores_pe in attn_scores
    std::size_t naive_width = small_config.qk_head_dim(), absorbed_width = small_config.qk_head_dim();
    std::function<Tensor4(const Tensor4&, std::size_t)> hide = hide_future;
    bool writes_at_start = false, step_at_start = false;
};

Tensor3 turned_k_pe(const Steps& steps, const Tensor3& k_pe, const ch6::ComplexMatrix& table,
                    std::size_t start_pos) {
    const Tensor4 one_head = torch::view<4>(k_pe, {k_pe.shape(0), k_pe.shape(1), 1, k_pe.shape(2)});
    return torch::view<3>(steps.turn_keys(one_head, table, start_pos), k_pe.shape());
}

Projections project_with(const Steps& steps, const Tensor3& x, const Weights& weights,
                         std::size_t start_pos) {
    constexpr Config config = small_config;
    constexpr std::size_t nope = config.qk_nope_head_dim, rope = config.qk_rope_head_dim,
                          c = config.kv_lora_rank;
    const ch6::ComplexMatrix table = positions(config, 10000.0f, std::nullopt, 8).table;
    Projections made;
    made.q_latent = weights.wq_a(x);
    made.q_normed = steps.norm_queries ? rms_norm(made.q_latent, weights.q_norm) : made.q_latent;
    made.q =
        torch::view<4>(weights.wq_b(made.q_normed), {x.shape(0), x.shape(1), config.n_heads, nope + rope});
    made.q_nope = torch::narrow(made.q, 3, steps.rope_part_first ? rope : 0, nope);
    made.q_pe = torch::narrow(made.q, 3, steps.rope_part_first ? 0 : nope, rope);
    made.q_pe_rotated = steps.turn_queries(made.q_pe, table, start_pos);

    const Tensor3 down = weights.wkv_a(x);
    const Tensor3 normed = steps.norm_with_k_pe ? rms_norm(down, xt::ones<float>({c + rope})) : down;
    const std::size_t latent_at = steps.k_pe_first ? rope : 0, k_pe_at = steps.k_pe_first ? 0 : c;
    made.kv_latent = torch::narrow(down, 2, latent_at, c);
    made.k_pe = torch::narrow(normed, 2, k_pe_at, rope);
    const bool apart = steps.norm_latent && !steps.norm_with_k_pe;
    made.kv_normed =
        apart ? rms_norm(made.kv_latent, weights.kv_norm) : torch::narrow(normed, 2, latent_at, c);
    made.k_pe_rotated = turned_k_pe(steps, made.k_pe, table, start_pos);
    return made;
}

// Plain softmax, as in PyTorch: a fully masked row becomes NaN.
Tensor4 weigh(const Tensor4& masked, std::size_t width) {
    const Tensor4 scaled = masked * (1.0f / std::sqrt(static_cast<float>(width)));
    return ch1::softmax(scaled);
}

// (B, T, H, S) with keys or values of each head (B, S, H, d): one matrix product for each head.
Tensor4 scores_of_heads(const Tensor4& queries, const Tensor4& keys) {
    const Tensor4 scores =
        torch::matmul_transposed(torch::transpose(queries, 1, 2), torch::transpose(keys, 1, 2));
    return torch::transpose(scores, 1, 2);
}
Tensor4 mixed_by_heads(const Tensor4& attn_weights, const Tensor4& values) {
    return torch::transpose(
        torch::matmul(torch::transpose(attn_weights, 1, 2), torch::transpose(values, 1, 2)), 1, 2);
}

// One tensor (B, S, d) for every head: (B, S, H, d).
Tensor4 for_every_head(const Tensor3& x) {
    Tensor4 repeated = Tensor4::from_shape({x.shape(0), x.shape(1), small_config.n_heads, x.shape(2)});
    for (std::size_t h = 0; h < small_config.n_heads; ++h) xt::view(repeated, xt::all(), xt::all(), h) = x;
    return repeated;
}

Tensor4 side_by_side(const Tensor4& a, const Tensor4& b) {
    return xt::concatenate(xt::xtuple(a, b), 3);
}

NaiveTrace naive_with(const Steps& steps, const Projections& made, const Weights& weights, NaiveCache& cache,
                      std::size_t start_pos) {
    constexpr Config config = small_config;
    constexpr std::size_t nope = config.qk_nope_head_dim, v = config.v_head_dim;
    const std::size_t batch = made.q.shape(0), tokens = made.q.shape(1), stop = start_pos + tokens;
    NaiveTrace trace;
    const Tensor4 up =
        torch::view<4>(weights.wkv_b(made.kv_normed), {batch, tokens, config.n_heads, nope + v});
    trace.k_nope = torch::narrow(up, 3, steps.values_first_naive ? v : 0, nope);
    trace.v = torch::narrow(up, 3, steps.values_first_naive ? 0 : nope, v);
    trace.k = side_by_side(trace.k_nope, for_every_head(made.k_pe_rotated));
    cache.k_cache.write(steps.writes_at_start ? 0 : start_pos, trace.k);
    cache.v_cache.write(steps.writes_at_start ? 0 : start_pos, trace.v);

    const Tensor4 queries = side_by_side(made.q_nope, made.q_pe_rotated);
    trace.attn_scores = scores_of_heads(queries, cache.k_cache.read(batch, stop));
    trace.masked = steps.hide(trace.attn_scores, start_pos);
    trace.attn_weights = weigh(trace.masked, steps.naive_width);
    trace.head_context = mixed_by_heads(trace.attn_weights, cache.v_cache.read(batch, stop));
    trace.output = weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * v}));
    return trace;
}

AbsorbedTrace absorbed_with(const Steps& steps, const Projections& made, const Weights& weights,
                            LatentCache& cache, std::size_t start_pos) {
    constexpr Config config = small_config;
    constexpr std::size_t nope = config.qk_nope_head_dim, v = config.v_head_dim, c = config.kv_lora_rank;
    const std::size_t batch = made.q.shape(0), tokens = made.q.shape(1), stop = start_pos + tokens;
    const Tensor3 rows = torch::view<3>(weights.wkv_b.weight, {config.n_heads, nope + v, c});
    const Tensor3 keys_of = torch::narrow(rows, 1, steps.values_first ? v : 0, nope);
    const Tensor3 values_of = torch::narrow(rows, 1, steps.values_first ? 0 : nope, v);
    cache.kv_cache.write(steps.writes_at_start ? 0 : start_pos,
                         steps.keep_before_norm ? made.kv_latent : made.kv_normed);
    cache.pe_cache.write(steps.writes_at_start ? 0 : start_pos, made.k_pe_rotated);

    AbsorbedTrace trace;
    const Tensor4 latents = for_every_head(cache.kv_cache.read(batch, stop));
    trace.q_absorbed = per_head(made.q_nope, keys_of);
    trace.scores_nope = scores_of_heads(trace.q_absorbed, latents);
    trace.scores_pe = scores_of_heads(made.q_pe_rotated, for_every_head(cache.pe_cache.read(batch, stop)));
    trace.attn_scores = trace.scores_nope;
    if (!steps.content_alone) trace.attn_scores += trace.scores_pe;
    trace.masked = steps.hide(trace.attn_scores, start_pos);
    trace.attn_weights = weigh(trace.masked, steps.absorbed_width);
    trace.context_latent = mixed_by_heads(trace.attn_weights, latents);
    trace.head_context = per_head_transposed(trace.context_latent, values_of);
    trace.output = weights.wo(torch::view<3>(trace.head_context, {batch, tokens, config.n_heads * v}));
    return trace;
}

// The part of the output that one of two ranks computes: its head's columns of wo.
Tensor3 partial_output(const AbsorbedTrace& trace, const Weights& weights, std::size_t head) {
    constexpr std::size_t v = small_config.v_head_dim;
    const Tensor4 context = torch::narrow(trace.head_context, 2, head, 1);
    const Tensor3 of_head = torch::view<3>(context, {context.shape(0), context.shape(1), v});
    return torch::matmul_transposed(of_head, torch::narrow(weights.wo.weight, 1, head * v, v));
}

// --- the chapter's tensors with a mistake

NamedTensors told_of(const Drawn& drawn, const Steps& steps = {}) {
    const Weights& weights = drawn.weights;
    NaiveCache naive_cache(small_config);
    LatentCache latent_cache(small_config);
    const Projections made = project_with(steps, drawn.x, weights, 0);
    const NaiveTrace naive = naive_with(steps, made, weights, naive_cache, 0);
    const AbsorbedTrace absorbed = absorbed_with(steps, made, weights, latent_cache, 0);
    const Tensor3 kept_latents = latent_cache.kv_cache.all(), kept_k_pe = latent_cache.pe_cache.all();

    const std::size_t start_pos = steps.step_at_start ? 0 : drawn.x.shape(1);
    const Projections made_next = project_with(steps, drawn.x_next, weights, start_pos);
    const AbsorbedTrace step = absorbed_with(steps, made_next, weights, latent_cache, start_pos);
    const NaiveTrace step_naive = naive_with(steps, made_next, weights, naive_cache, start_pos);

    const Tensor3 rows = torch::view<3>(
        weights.wkv_b.weight, {small_config.n_heads, weights.wkv_b.weight.shape(0) / small_config.n_heads,
                               small_config.kv_lora_rank});
    const std::size_t keys_at = steps.values_first ? small_config.v_head_dim : 0,
                      values_at = steps.values_first ? 0 : small_config.qk_nope_head_dim;
    return {{"x", drawn.x},
            {"q_latent", made.q_latent},
            {"q_normed", made.q_normed},
            {"q", made.q},
            {"q_nope", made.q_nope},
            {"q_pe", made.q_pe},
            {"kv_latent", made.kv_latent},
            {"k_pe", made.k_pe},
            {"kv_normed", made.kv_normed},
            {"w_uk", torch::narrow(rows, 1, keys_at, small_config.qk_nope_head_dim)},
            {"w_uv", torch::narrow(rows, 1, values_at, small_config.v_head_dim)},
            {"q_pe_rotated", made.q_pe_rotated},
            {"k_pe_rotated", made.k_pe_rotated},
            {"k_nope", naive.k_nope},
            {"v", naive.v},
            {"k", naive.k},
            {"naive.attn_scores", naive.attn_scores},
            {"naive.masked", naive.masked},
            {"naive.attn_weights", naive.attn_weights},
            {"naive.head_context", naive.head_context},
            {"output_naive", naive.output},
            {"q_absorbed", absorbed.q_absorbed},
            {"scores_nope", absorbed.scores_nope},
            {"scores_pe", absorbed.scores_pe},
            {"attn_scores", absorbed.attn_scores},
            {"attn_weights", absorbed.attn_weights},
            {"context_latent", absorbed.context_latent},
            {"head_context", absorbed.head_context},
            {"output", absorbed.output},
            {"kv_cache[:1]", kept_latents},
            {"pe_cache[:1]", kept_k_pe},
            {"step.q_absorbed", step.q_absorbed},
            {"step.attn_weights", step.attn_weights},
            {"step.output", step.output},
            {"step.output_naive", step_naive.output},
            {"wkv_a.weight", weights.wkv_a.weight},
            {"rank0.partial", partial_output(absorbed, weights, 0)},
            {"rank1.partial", partial_output(absorbed, weights, 1)}};
}

template <class Change>
std::function<NamedTensors()> changed(Change change) {
    return [change] {
        Steps steps;
        change(steps);
        return told_of(draw_rightly(), steps);
    };
}

Tensor4 not_turned(const Tensor4& x, const ch6::ComplexMatrix&, std::size_t) {
    return x;
}
Tensor4 turned_one_too_far(const Tensor4& x, const ch6::ComplexMatrix& table, std::size_t start_pos) {
    return ch6::rotate(x, table, start_pos + 1);
}
Tensor4 turned_as_if_first(const Tensor4& x, const ch6::ComplexMatrix& table, std::size_t) {
    return ch6::rotate(x, table, 0);
}

// Constructs the latent's layer before the queries' layers.
NamedTensors latent_layer_first() {
    torch::Generator generator(156);
    Drawn drawn;
    drawn.x = drawn_tokens(generator, 3);
    const std::size_t c = small_config.kv_lora_rank, rope = small_config.qk_rope_head_dim;
    const Weights rightly = draw_rightly().weights;
    Weights& weights = drawn.weights;
    weights.wkv_a = ch2::random_linear(generator, small_config.dim, c + rope);
    weights.wkv_b = ch2::random_linear(generator, c, rightly.wkv_b.weight.shape(0));
    weights.wq_a = ch2::random_linear(generator, small_config.dim, small_config.q_lora_rank);
    weights.wq_b = ch2::random_linear(generator, small_config.q_lora_rank, rightly.wq_b.weight.shape(0));
    weights.wo = ch2::random_linear(generator, rightly.wo.weight.shape(1), small_config.dim);
    weights.q_norm = rightly.q_norm;
    weights.kv_norm = rightly.kv_norm;
    drawn.x_next = drawn_tokens(generator, 1);
    return told_of(drawn);
}

NamedTensors tokens_after_layers() {
    torch::Generator generator(156);
    Drawn drawn;
    drawn.weights = random_weights(generator, small_config);
    drawn.x = drawn_tokens(generator, 3);
    drawn.x_next = drawn_tokens(generator, 1);
    return told_of(drawn);
}

Mistakes mistakes_on_the_way_down() {
    return {
        {"mla-rope-part-first", "q is split as (rope, nope), but its first part is content, not position",
         "q.split([qk_nope_head_dim, qk_rope_head_dim], dim=-1)",
         changed([](Steps& s) { s.rope_part_first = true; })},
        {"mla-norm-missing", "the latent of keys and values is not normed", "kv_norm(kv_latent)",
         changed([](Steps& s) { s.norm_latent = false; })},
        {"mla-norm-missing", "the latent of the queries is not normed", "q_norm(q_latent)",
         changed([](Steps& s) { s.norm_queries = false; })},
        {"mla-norm-with-k-pe", "the norm covers the latent together with k_pe",
         "split first, then kv_norm(kv_latent)", changed([](Steps& s) { s.norm_with_k_pe = true; })},
        {"mla-k-pe-first", "the output of wkv_a is split as (k_pe, latent)",
         "split([kv_lora_rank, qk_rope_head_dim], dim=-1)", changed([](Steps& s) { s.k_pe_first = true; })},
        {"mla-value-rows-first", "the first rows of each head in wkv_b are used for values instead of keys",
         "split([qk_nope_head_dim, v_head_dim], dim=1)", changed([](Steps& s) { s.values_first = true; })},
        {"mla-value-rows-first", "the output of wkv_b is split as (v, k_nope)",
         "split([qk_nope_head_dim, v_head_dim], dim=-1)",
         changed([](Steps& s) { s.values_first_naive = true; })},
        {"mla-value-rows-first", "both forms use the first rows of each head in wkv_b for values",
         "split([qk_nope_head_dim, v_head_dim])",
         changed([](Steps& s) { s.values_first = s.values_first_naive = true; })},
    };
}

Mistakes mistakes_with_positions() {
    return {
        {"mla-k-pe-not-rotated", "k_pe is not rotated", "rotate q_pe and k_pe",
         changed([](Steps& s) { s.turn_keys = not_turned; })},
        {"mla-q-pe-not-rotated", "q_pe is not rotated", "rotate q_pe and k_pe",
         changed([](Steps& s) { s.turn_queries = not_turned; })},
        {"rope-missing", "neither q_pe nor k_pe is rotated", "rotate q_pe and k_pe",
         changed([](Steps& s) { s.turn_queries = s.turn_keys = not_turned; })},
        {"rope-off-by-one", "positions are counted from 1: q_pe and k_pe change, scores do not",
         "the first token is at position 0",
         changed([](Steps& s) { s.turn_queries = s.turn_keys = turned_one_too_far; })},
        {"rope-without-start-pos", "the next token is rotated as if it were at position 0",
         "freqs[start_pos:start_pos + T]",
         changed([](Steps& s) { s.turn_queries = s.turn_keys = turned_as_if_first; })},
    };
}

Mistakes mistakes_in_the_two_forms() {
    constexpr std::size_t c = small_config.kv_lora_rank, rope = small_config.qk_rope_head_dim,
                          nope = small_config.qk_nope_head_dim;
    const auto both_widths = [](std::size_t width) {
        return changed([=](Steps& s) { s.naive_width = s.absorbed_width = width; });
    };
    const auto hide_nothing = [](const Tensor4& scores, std::size_t) { return scores; };
    const auto hide_as_if_first = [](const Tensor4& scores, std::size_t) { return hide_future(scores, 0); };
    const auto hide_later = [](const Tensor4& scores, std::size_t start_pos) {
        Tensor4 masked = scores;
        for (std::size_t t = 0; t < scores.shape(1); ++t) {
            for (std::size_t s = start_pos + t + 2; s < scores.shape(3); ++s) {
                xt::view(masked, xt::all(), t, xt::all(), s) = -std::numeric_limits<float>::infinity();
            }
        }
        return masked;
    };
    return {
        {"mla-cache-before-norm", "the cache stores the latent without its norm", "store kv_normed",
         changed([](Steps& s) { s.keep_before_norm = true; })},
        {"mla-scale-absorbed-width",
         "the absorbed scores are scaled by 1/√(c + rope), the width of an absorbed query (576 in "
         "DeepSeek-V3)",
         "1/√(nope + rope), the width of the full key (192 there)",
         changed([](Steps& s) { s.absorbed_width = c + rope; })},
        {"mla-scale-content-width",
         "the scores are scaled by 1/√nope, but the position part belongs to the key too", "1/√(nope + rope)",
         both_widths(nope)},
        {"scale-missing", "the scores are not scaled before softmax", "multiply by (nope + rope) ** -0.5",
         both_widths(1)},
        {"mla-scores-pe-missing", "attn_scores contains only the content, without scores_pe",
         "scores_nope + scores_pe", changed([](Steps& s) { s.content_alone = true; })},
        {"mask-missing", "nothing is masked, so every token sees the future", "mask keys after start_pos + t",
         changed([=](Steps& s) { s.hide = hide_nothing; })},
        {"mask-off-by-one", "the mask starts one place too late, so every token sees the next one",
         "mask keys after start_pos + t", changed([=](Steps& s) { s.hide = hide_later; })},
        {"cache-offset", "the new token overwrites the oldest one in the cache instead of following the last",
         "cache[:B, start_pos:start_pos + T] = new", changed([](Steps& s) { s.writes_at_start = true; })},
        {"cache-offset", "the next token is treated as the first: start_pos is 0, and the cache is not used",
         "start_pos = 3, the number of tokens before it", changed([](Steps& s) { s.step_at_start = true; })},
        {"mask-without-start-pos", "the mask treats the next token as the first, and masks all keys but one",
         "mask keys after start_pos + t, not after t", changed([=](Steps& s) { s.hide = hide_as_if_first; })},
        {"construction-order", "wkv_a and wkv_b are constructed before wq_a and wq_b, so they draw first",
         "construct wq_a, wq_b, wkv_a, wkv_b, wo in this order", latent_layer_first},
        {"construction-order", "x is drawn after the layers", "draw x, then the layers, then x_next",
         tokens_after_layers},
    };
}

}  // namespace

Mistakes mistakes() {
    Mistakes table = mistakes_on_the_way_down();
    for (const Mistakes& more : {mistakes_with_positions(), mistakes_in_the_two_forms()}) {
        table.insert(table.end(), more.begin(), more.end());
    }
    return table;
}

}  // namespace ch7
