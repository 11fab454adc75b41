#include "common/exercise/check.hpp"

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/mistakes.hpp"
#include "chapters/07_multi_head_latent_attention/scores.hpp"

using namespace exercise;

Tensor4 absorb(const Tensor4& q_nope, const Tensor3& w_uk);
Tensor4 scores(const Tensor4& q_absorbed, const Tensor4& q_pe, const Tensor3& latents, const Tensor3& k_pe);
Tensor4 context(const Tensor4& attn_weights, const Tensor3& latents, const Tensor3& w_uv);

namespace {

constexpr ch7::Config config{.dim = 10,
                             .n_heads = 3,
                             .q_lora_rank = 0,
                             .kv_lora_rank = 4,
                             .qk_nope_head_dim = 7,
                             .qk_rope_head_dim = 6,
                             .v_head_dim = 8,
                             .max_batch_size = 2,
                             .max_seq_len = 5};

struct Layer {
    ch7::Weights weights;
    Tensor3 w_uk, w_uv;
    ch7::AbsorbedTrace trace;
    Tensor3 latents, k_pe;  // of all tokens, from the cache
};

// Two new tokens after three that are in the cache: B = 2, T = 2, S = 5.
Layer run() {
    Layer layer;
    torch::Generator generator(751);
    layer.weights = ch7::random_weights(generator, config);
    layer.w_uk = ch7::w_uk(layer.weights, config);
    layer.w_uv = ch7::w_uv(layer.weights, config);
    const ch7::Positions positions = ch7::positions(config, 10000.0f, std::nullopt, config.max_seq_len);
    ch7::LatentCache cache(config);
    ch7::absorbed_attention(random_tensor<3>(752, {2, 3, config.dim}), layer.weights, config, positions,
                            cache, 0);
    layer.trace = ch7::absorbed_attention(random_tensor<3>(753, {2, 2, config.dim}), layer.weights, config,
                                          positions, cache, 3);
    layer.latents = cache.kv_cache.read(2, 5);
    layer.k_pe = cache.pe_cache.read(2, 5);
    return layer;
}

// The first slice of x along its first axis, in the place of all.
Tensor3 first_for_all(const Tensor3& x) {
    Tensor3 repeated = x;
    for (std::size_t i = 0; i < x.shape(0); ++i) xt::view(repeated, i) = torch::select(x, 0);
    return repeated;
}

// The matrices in the opposite order: head 0 gets that of the last head.
Tensor3 backwards(const Tensor3& x) {
    Tensor3 turned = x;
    for (std::size_t i = 0; i < x.shape(0); ++i) xt::view(turned, i) = torch::select(x, x.shape(0) - 1 - i);
    return turned;
}

// The scores of the absorbed queries with all latents.
Tensor4 content_scores(const Tensor4& q_absorbed, const Tensor3& latents) {
    const std::size_t batch = q_absorbed.shape(0), tokens = q_absorbed.shape(1), heads = q_absorbed.shape(2);
    const Tensor3 rows = torch::view<3>(q_absorbed, {batch, tokens * heads, q_absorbed.shape(3)});
    return torch::view<4>(torch::matmul_transposed(rows, latents), {batch, tokens, heads, latents.shape(1)});
}

Tensor4 mixed(const Tensor4& attn_weights, const Tensor3& latents) {
    return content_scores(attn_weights, torch::transpose(latents, 1, 2));
}

}  // namespace

TEST("absorb") {
    const Layer layer = run();
    const Tensor4& q_nope = layer.trace.made.q_nope;
    given("q_nope", q_nope);
    given("w_uk", layer.w_uk);
    check_tensor("q_absorbed", answer([&] { return absorb(q_nope, layer.w_uk); }), layer.trace.q_absorbed,
                 {"B", "T", "H", "c"},
                 {{"one-matrix-for-all-heads", "every head uses the matrix of head 0", "w_uk(h, ...)",
                   [&] {
                       const Tensor3 same = first_for_all(layer.w_uk);
                       return ch7::per_head(q_nope, same);
                   }},
                  {"heads-in-other-order", "each head uses the matrix of another head",
                   "w_uk(h, ...) for head h", [&] {
                       const Tensor3 turned = backwards(layer.w_uk);
                       return ch7::per_head(q_nope, turned);
                   }}});
}

TEST("scores") {
    const Layer layer = run();
    const ch7::AbsorbedTrace& trace = layer.trace;
    const Tensor4& q_pe = trace.made.q_pe_rotated;
    given("q_absorbed", trace.q_absorbed);
    given("q_pe", q_pe);
    given("latents", layer.latents);
    given("k_pe", layer.k_pe);
    check_tensor("attn_scores",
                 answer([&] { return scores(trace.q_absorbed, q_pe, layer.latents, layer.k_pe); }),
                 trace.attn_scores, {"B", "T", "H", "S"},
                 {cause_of(ch7::mistakes(), "mla-scores-pe-missing", [&] { return trace.scores_nope; }),
                  {"scores-nope-missing", "the scores contain only the position, without the content",
                   "scores_nope + scores_pe", [&] { return trace.scores_pe; }},
                  {"first-sequence-for-all", "every sequence attends to the latents and k_pe of sequence 0",
                   "latents(b, s, ...)",
                   [&] {
                       const Tensor4 content = content_scores(trace.q_absorbed, first_for_all(layer.latents));
                       const Tensor4 position = content_scores(q_pe, first_for_all(layer.k_pe));
                       const Tensor4 sum = content + position;
                       return sum;
                   }},
                  {"scores-scaled-twice", "the scores are scaled already, and softmax_scale comes later",
                   "the plain sum of products", [&] {
                       const Tensor4 scaled = trace.attn_scores * ch7::softmax_scale(config, std::nullopt);
                       return scaled;
                   }}});
}

TEST("context") {
    const Layer layer = run();
    const ch7::AbsorbedTrace& trace = layer.trace;
    given("attn_weights", trace.attn_weights);
    given("latents", layer.latents);
    given("w_uv", layer.w_uv);
    check_tensor(
        "head_context", answer([&] { return context(trace.attn_weights, layer.latents, layer.w_uv); }),
        trace.head_context, {"B", "T", "H", "v"},
        {{"w-uv-missing", "this is the weighted sum of latents, and no matrix has made values of it",
          "the matrix w_uv(h, ...) times the sum", [&] { return trace.context_latent; }},
         {"one-matrix-for-all-heads", "every head uses the matrix of head 0", "w_uv(h, ...)",
          [&] {
              const Tensor3 same = first_for_all(layer.w_uv);
              return ch7::per_head_transposed(trace.context_latent, same);
          }},
         {"weights-of-head-0", "every head uses the attention weights of head 0", "attn_weights(b, t, h, s)",
          [&] {
              Tensor4 same = trace.attn_weights;
              for (std::size_t h = 0; h < config.n_heads; ++h)
                  xt::view(same, xt::all(), xt::all(), h) =
                      xt::view(trace.attn_weights, xt::all(), xt::all(), 0);
              return ch7::per_head_transposed(mixed(same, layer.latents), layer.w_uv);
          }},
         {"first-sequence-for-all", "every sequence uses the latents of sequence 0", "latents(b, s, ...)",
          [&] {
              return ch7::per_head_transposed(mixed(trace.attn_weights, first_for_all(layer.latents)),
                                              layer.w_uv);
          }}});
}
