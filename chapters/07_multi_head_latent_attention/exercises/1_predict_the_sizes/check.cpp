#include "common/exercise/check.hpp"

#include "chapters/07_multi_head_latent_attention/absorbed.hpp"

using namespace exercise;

namespace {

constexpr ch7::Config config{.dim = 20,
                             .n_heads = 4,
                             .q_lora_rank = 12,
                             .kv_lora_rank = 11,
                             .qk_nope_head_dim = 6,
                             .qk_rope_head_dim = 4,
                             .v_head_dim = 7,
                             .max_batch_size = 2,
                             .max_seq_len = 8};

ch7::Weights weights() {
    torch::Generator generator(701);
    return ch7::random_weights(generator, config);
}

// The absorbed form for new tokens after `cached` others, with a factor on the softmax scale.
ch7::AbsorbedTrace attend(std::size_t cached, std::size_t tokens, float factor) {
    ch7::Positions positions = ch7::positions(config, 10000.0f, std::nullopt, config.max_seq_len);
    positions.softmax_scale *= factor;
    ch7::LatentCache cache(config);
    if (cached > 0) {
        ch7::absorbed_attention(random_tensor<3>(702, {2, cached, config.dim}), weights(), config, positions,
                                cache, 0);
    }
    return ch7::absorbed_attention(random_tensor<3>(703, {2, tokens, config.dim}), weights(), config,
                                   positions, cache, cached);
}

template <std::size_t N>
Shape shape_of(const Tensor<N>& tensor) {
    return {tensor.shape().begin(), tensor.shape().end()};
}

bool scale_changes_token(std::size_t token) {
    const Tensor3 once = torch::narrow(attend(0, 3, 1.0f).output, 1, token, 1),
                  doubled = torch::narrow(attend(0, 3, 2.0f).output, 1, token, 1);
    return largest_difference(once, doubled) > 1e-5f;
}

}  // namespace

TEST("what is cached") {
    check_prediction(
        "numbers that the naive form caches for each token",
        static_cast<double>(ch7::NaiveCache(config).per_token()),
        {{"40", "these are the keys; the values are cached too", "n_heads * (nope + rope + v)",
          "cache-keys-alone"},
         {"52", "this counts the content part of each key, without its position part",
          "the naive form copies k_pe into each head's key", "cache-without-k-pe"},
         {"17", "this is one head, and the naive form caches all four", "times n_heads", "cache-one-head"}});
    check_prediction("numbers that the absorbed form caches for each token",
                     static_cast<double>(ch7::LatentCache(config).per_token()),
                     {{"11", "this is the latent alone; k_pe is cached too",
                       "kv_lora_rank + qk_rope_head_dim", "cache-without-k-pe"},
                      {"22", "the latent is stored once and serves keys and values, and k_pe is missing",
                       "kv_lora_rank + qk_rope_head_dim", "cache-latent-twice"},
                      {"30", "the latent is stored once and serves keys and values",
                       "kv_lora_rank + qk_rope_head_dim", "cache-latent-twice"},
                      {"60", "all heads share one latent and one k_pe", "the number of heads does not matter",
                       "cache-for-each-head"}});
}

TEST("the softmax scale") {
    const float scale = ch7::softmax_scale(config, std::nullopt);
    check_prediction("w, where the softmax scale is 1 / sqrt(w)", 1.0 / (static_cast<double>(scale) * scale),
                     {{"15", "this is the width of an absorbed query", "the width of a full key: nope + rope",
                       "mla-scale-absorbed-width"},
                      {"6", "this is the content part alone", "the width of a full key: nope + rope",
                       "mla-scale-content-width"},
                      {"5", "this is dim / n_heads, and no head has this width here",
                       "the width of a full key: nope + rope", "scale-of-dim"}});
}

TEST("shapes") {
    check_prediction(
        "shape of wkv_b.weight", shape_of(weights().wkv_b.weight),
        {{"11, 52", "this is the transpose", "nn.Linear stores (outputs, inputs)", "shape-transposed"},
         {"68, 11", "wkv_b does not compute the position part of a key",
          "k_pe comes from wkv_a, before there are heads", "wkv-b-with-k-pe"},
         {"24, 11", "these are the rows for keys; the rows for values follow", "n_heads * (nope + v) rows",
          "wkv-b-keys-alone"}});
    check_prediction("shape of q_absorbed", shape_of(attend(5, 3, 1.0f).q_absorbed),
                     {{"2, 3, 4, 15", "q_pe is not absorbed; it stays beside q_absorbed",
                       "./walk 7, step 13: q_nope W_UK", "q-absorbed-with-position"},
                      {"2, 3, 4, 10", "this is the shape of q, before it is absorbed",
                       "q_absorbed is as wide as a latent", "q-not-absorbed"},
                      {"2, 3, 4, 6", "this is the shape of q_nope, before it is absorbed",
                       "q_absorbed is as wide as a latent", "q-not-absorbed"}});
    check_prediction(
        "shape of attn_scores", shape_of(attend(5, 3, 1.0f).attn_scores),
        {{"2, 3, 4, 3", "the new tokens see the cached ones too", "S = 5 + 3", "keys-without-cache"},
         {"2, 4, 3, 8", "this is the order of chapter 5, (B, H, T, S)",
          "here all heads of a token are side by side: (B, T, H, S)", "heads-before-tokens"}});
    check_prediction("shape of context_latent", shape_of(attend(5, 3, 1.0f).context_latent),
                     {{"2, 3, 4, 7", "this is the shape of head_context, after W_UV",
                       "./walk 7, step 15: a weighted sum of latents", "context-after-w-uv"}});
}

TEST("who notices the scale") {
    check_prediction("the output of the first token changes (yes or no)", scale_changes_token(0),
                     {{"yes", "the first token sees one key, and the softmax of one score is 1",
                       "a test of the scale needs two keys or more", "scale-of-one-key"}});
    check_prediction("the output of the second token changes (yes or no)", scale_changes_token(1));
}
