#include "chapters/05_grouped_query_attention/mistakes.hpp"

#include <limits>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/02_trainable_weights/mistakes.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "common/torch/random.hpp"

namespace ch5 {
namespace {

// The chapter's small layer and its four tokens.
constexpr Config walked_config{
    .dim = 6, .n_heads = 4, .n_kv_heads = 2, .head_dim = 2, .max_batch_size = 2, .max_seq_len = 6};

struct Drawn {
    Tensor3 x, x_next;
    Weights weights;
};

Tensor3 tokens(torch::Generator& generator, std::size_t count) {
    return torch::view<3>(torch::randn(generator, count, walked_config.dim), {1, count, walked_config.dim});
}

Drawn draw_rightly() {
    torch::Generator generator(123);
    Drawn drawn;
    drawn.x = tokens(generator, 3);
    drawn.weights = random_weights(generator, walked_config);
    drawn.x_next = tokens(generator, 1);
    return drawn;
}

NamedTensors told_of(const Drawn& drawn, const Steps& steps = {}) {
    KVCache cache(walked_config);
    Trace trace = project(drawn.x, drawn.weights, walked_config);
    attend_with(steps, trace, drawn.weights, walked_config, cache, 0);
    const Tensor4 kept = cache.keys(1, walked_config.max_seq_len);

    Trace step = project(drawn.x_next, drawn.weights, walked_config);
    attend_with(steps, step, drawn.weights, walked_config, cache, steps.step_at_start ? 0 : drawn.x.shape(1));
    return {{"x", drawn.x},
            {"wk.weight", drawn.weights.wk.weight},
            {"xq", trace.xq},
            {"xk", trace.xk},
            {"xv", trace.xv},
            {"keys", trace.keys},
            {"attn_scores", trace.attn_scores},
            {"masked", trace.masked},
            {"attn_weights", trace.attn_weights},
            {"head_context", trace.head_context},
            {"output", trace.output},
            {"cache_k[:1]", kept},
            {"step.xq", step.xq},
            {"step.attn_weights", step.attn_weights},
            {"step.output", step.output}};
}

// --- layers drawn with a mistake

NamedTensors layers_redrawn(const ch2::DrawOrder& order) {
    torch::Generator generator(123);
    Drawn drawn;
    drawn.x = tokens(generator, 3);
    Weights& weights = drawn.weights;
    for (std::size_t place = 0; place < 3; ++place) {
        ch2::Linear& layer = order.query == place ? weights.wq : order.key == place ? weights.wk : weights.wv;
        const std::size_t heads = order.query == place ? walked_config.n_heads : walked_config.kv_heads();
        layer = ch2::random_linear(generator, walked_config.dim, heads * walked_config.head_dim);
    }
    weights.wo =
        ch2::random_linear(generator, walked_config.n_heads * walked_config.head_dim, walked_config.dim);
    drawn.x_next = tokens(generator, 1);
    return told_of(drawn);
}

NamedTensors tokens_after_layers() {
    torch::Generator generator(123);
    Drawn drawn;
    drawn.weights = random_weights(generator, walked_config);
    drawn.x = tokens(generator, 3);
    drawn.x_next = tokens(generator, 1);
    return told_of(drawn);
}

NamedTensors layers_with_bias() {
    torch::Generator generator(123);
    const std::size_t dim = walked_config.dim, q_width = walked_config.n_heads * walked_config.head_dim,
                      kv_width = walked_config.kv_heads() * walked_config.head_dim;
    Drawn drawn;
    drawn.x = tokens(generator, 3);
    drawn.weights.wq = ch2::random_linear(generator, dim, q_width, true);
    drawn.weights.wk = ch2::random_linear(generator, dim, kv_width, true);
    drawn.weights.wv = ch2::random_linear(generator, dim, kv_width, true);
    drawn.weights.wo = ch2::random_linear(generator, q_width, dim, true);
    drawn.x_next = tokens(generator, 1);
    return told_of(drawn);
}

// --- steps with a mistake

// Writes `value`, such as -inf, over the scores of every key from `first_hidden` places after the query on.
Tensor4 filled_from(const Tensor4& scores, std::ptrdiff_t first_hidden, float value) {
    Tensor4 masked = scores;
    for (std::size_t t = 0; t < scores.shape(2); ++t) {
        for (std::size_t s = 0; s < scores.shape(3); ++s) {
            if (static_cast<std::ptrdiff_t>(s) < static_cast<std::ptrdiff_t>(t) + first_hidden) continue;
            xt::view(masked, xt::all(), xt::all(), t, s) = value;
        }
    }
    return masked;
}

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

Steps hiding_from(std::ptrdiff_t diagonal, float value = minus_infinity) {
    Steps steps;
    steps.hide = [=](const Tensor4& scores, std::size_t start_pos) {
        return filled_from(scores, static_cast<std::ptrdiff_t>(start_pos) + diagonal, value);
    };
    return steps;
}

Steps hiding_nothing() {
    Steps steps;
    steps.hide = [](const Tensor4& scores, std::size_t) { return scores; };
    return steps;
}

Steps hiding_as_if_first() {
    Steps steps;
    steps.hide = [](const Tensor4& scores, std::size_t) { return filled_from(scores, 1, minus_infinity); };
    return steps;
}

Steps divided_by(std::function<float(const Config&)> divisor) {
    Steps steps;
    steps.divisor = std::move(divisor);
    return steps;
}

}  // namespace

Tensor4 hide_future(const Tensor4& scores, std::size_t start_pos) {
    return ch3::masked_fill(scores, future_mask(scores.shape(2), start_pos), ch3::True::hides);
}

void attend_with(const Steps& steps, Trace& trace, const Weights& weights, const Config& config,
                 KVCache& cache, std::size_t start_pos) {
    const std::size_t batch = trace.xq.shape(0), stop = start_pos + trace.xq.shape(1);
    cache.write(steps.writes_at_start ? 0 : start_pos, trace.xk, trace.xv);
    trace.keys = steps.share(cache.keys(batch, stop), config.n_rep());
    trace.values = steps.share(cache.values(batch, stop), config.n_rep());

    const Tensor4 queries = torch::transpose(trace.xq, 1, 2), keys = torch::transpose(trace.keys, 1, 2),
                  values = torch::transpose(trace.values, 1, 2);
    trace.attn_scores = torch::matmul_transposed(queries, keys);
    trace.masked = steps.hide(trace.attn_scores, start_pos);
    const Tensor4 scaled = trace.masked / steps.divisor(config);
    trace.attn_weights = ch1::softmax_along(scaled, steps.softmax_axis);
    trace.head_context = torch::matmul(trace.attn_weights, values);

    const Tensor4& context = trace.head_context;
    trace.combined =
        steps.heads_transposed_back
            ? ch4::combine_heads(context)
            : torch::view<3>(context, {batch, context.shape(2), context.shape(1) * context.shape(3)});
    trace.output = weights.wo(trace.combined);
}

Mistakes mistakes_in_steps(const std::function<NamedTensors(const Steps&)>& told_with) {
    const auto with = [=](const Steps& steps) { return [=] { return told_with(steps); }; };
    Steps along_queries, not_back, overwriting, as_if_first;
    along_queries.softmax_axis = 2;
    not_back.heads_transposed_back = false;
    overwriting.writes_at_start = true;
    as_if_first.step_at_start = true;
    return {
        {"mask-missing", "nothing is masked, so every token sees the future", "mask keys after start_pos + t",
         with(hiding_nothing())},
        {"mask-off-by-one", "the mask covers the token itself too",
         "mask keys after start_pos + t, not from it on", with(hiding_from(0))},
        {"mask-off-by-one", "the mask starts one place too late, so every token sees the next one",
         "mask keys after start_pos + t", with(hiding_from(2))},
        {"mask-zero-instead-of-inf", "masked scores are 0 instead of -inf, and exp(0) = 1 gives them weight",
         "masked_fill(mask, -torch.inf)", with(hiding_from(1, 0.0f))},
        {"scale-dim-instead-of-head-dim", "the scores are divided by √dim instead of √head_dim",
         "divide by math.sqrt(head_dim)",
         with(divided_by([](const Config& config) { return std::sqrt(static_cast<float>(config.dim)); }))},
        {"scale-missing", "the scores are not divided by √head_dim before softmax",
         "divide by math.sqrt(head_dim)", with(divided_by([](const Config&) { return 1.0f; }))},
        {"scale-without-root", "the scores are divided by head_dim instead of its root",
         "divide by math.sqrt(head_dim)",
         with(divided_by([](const Config& config) { return static_cast<float>(config.head_dim); }))},
        {"softmax-wrong-axis", "softmax runs over the queries instead of the keys", "softmax with dim=-1",
         with(along_queries)},
        {"heads-not-combined", "the heads are combined without transposing them back behind the tokens",
         "transpose(1, 2) before the last view", with(not_back)},
        {"cache-offset", "the new keys overwrite the oldest ones in the cache instead of following the last",
         "cache[:B, start_pos:start_pos + T] = new", with(overwriting)},
        {"cache-offset", "the next token is treated as the first: start_pos is 0, and the cache is not used",
         "start_pos = 3, the number of tokens before it", with(as_if_first)},
        {"mask-without-start-pos", "the mask treats the next token as the first, and masks all keys but one",
         "mask keys after start_pos + t, not after t", with(hiding_as_if_first())},
    };
}

Mistakes mistakes() {
    const auto told_with = [](const Steps& steps) { return told_of(draw_rightly(), steps); };
    Steps tiled;
    tiled.share = tile_kv;
    Mistakes table = {
        {"repeat-instead-of-repeat-interleave",
         "the key heads are repeated as a list (0, 1, 0, 1) instead of each in its place (0, 0, 1, 1)",
         "x.repeat_interleave(n_rep, dim=2), or repeat_kv", [=] { return told_with(tiled); }}};
    const Mistakes in_steps = mistakes_in_steps(told_with);
    table.insert(table.end(), in_steps.begin(), in_steps.end());
    table.push_back({"bias-where-none", "the layers have a bias, so every later draw is a different number",
                     "nn.Linear(..., bias=False)", layers_with_bias});
    table.push_back({"construction-order", "x is drawn after the layers",
                     "draw x, then wq, wk, wv, wo, then x_next", tokens_after_layers});
    for (const ch2::DrawOrder& order : ch2::other_draw_orders()) {
        table.push_back({"construction-order",
                         "the layers are constructed in the order " + ch2::in_words(order) +
                             ", so they draw their numbers in that order",
                         "construct wq, wk, wv, wo in this order",
                         [order] { return layers_redrawn(order); }});
    }
    return table;
}

}  // namespace ch5
