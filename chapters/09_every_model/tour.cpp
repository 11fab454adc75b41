#include "chapters/09_every_model/tour.hpp"

#include <cmath>

#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/09_every_model/fused.hpp"
#include "common/torch/random.hpp"

namespace ch9 {
namespace {

constexpr std::size_t text_length = 6, small_dim = 5, small_heads = 2, small_head_dim = 4,
                      small_width = small_heads * small_head_dim;
constexpr DistanceBias small_buckets{.buckets = 8, .max_distance = 16};

Recipe plain_recipe() {
    Recipe recipe;
    recipe.dim = small_dim;
    recipe.n_heads = recipe.n_kv_heads = small_heads;
    recipe.head_dim = small_head_dim;
    recipe.qkv_bias = true;
    recipe.scale = 0.5f;  // 1/sqrt(head_dim)
    return recipe;
}

// A weight between 0.5 and 1.5 for each number of a head, the same for all heads.
Matrix draw_head_norm(torch::Generator& generator) {
    const Vector weight = torch::uniform(generator, small_head_dim, 0.5f, 1.5f);
    Matrix of_heads = Matrix::from_shape({small_heads, small_head_dim});
    for (std::size_t h = 0; h < small_heads; ++h) xt::view(of_heads, h) = weight;
    return of_heads;
}

// longrope: each frequency has a divisor. Trained with 4 tokens, stretched to 16.
Rope stretched_rope() {
    constexpr float original = 4.0f, longest = 16.0f;
    const Vector divisors = {1.0f, 4.0f};
    Rope rope = small_rope();
    rope.freqs = rope.freqs / divisors;
    rope.attention_factor = std::sqrt(1.0f + std::log(longest / original) / std::log(original));
    return rope;
}

}  // namespace

Setting draw_setting(torch::Generator& generator) {
    Setting setting;
    setting.x = torch::view<3>(torch::randn(generator, text_length, small_dim), {1, text_length, small_dim});
    setting.x_next = torch::view<3>(torch::randn(generator, 1, small_dim), {1, 1, small_dim});
    Weights& weights = setting.weights;
    for (ch2::Linear* layer : {&weights.q, &weights.k, &weights.v}) {
        *layer = ch2::random_linear(generator, small_dim, small_width, true);
    }
    weights.o = ch2::random_linear(generator, small_width, small_dim);
    weights.q_norm = draw_head_norm(generator);
    weights.k_norm = draw_head_norm(generator);
    weights.sinks = torch::randn(generator, small_heads);
    weights.distance_bias = torch::randn(generator, small_buckets.buckets, small_heads);
    setting.gate = ch2::random_linear(generator, small_dim, small_width, true);
    setting.whole_q_norm = torch::uniform(generator, 1, small_width, 0.5f, 1.5f);
    setting.whole_k_norm = torch::uniform(generator, 1, small_width, 0.5f, 1.5f);
    return setting;
}

Variants variants_of(const Setting& setting) {
    const Weights& weights = setting.weights;
    const Variant plain{plain_recipe(), weights};
    Variant rotated = plain;
    rotated.recipe.rope = small_rope();

    Variants all;
    all.plain = all.soft = all.sinks = all.both_ways = all.alibi = all.distance = all.gated = plain;
    all.normed = all.window = all.partial = all.stretched = rotated;

    all.by_blocks = {plain.recipe, fuse_by_blocks(weights)};
    all.by_blocks.recipe.projections = Projections::blocks;
    all.by_heads = {plain.recipe, fuse_by_heads(weights, plain.recipe)};
    all.by_heads.recipe.projections = Projections::heads;
    all.conv1d = {all.by_blocks.recipe, to_conv1d(all.by_blocks.weights)};
    all.conv1d.recipe.conv1d = true;

    all.normed.recipe.qk_norm = QkNorm{};
    all.plus_one = all.whole = all.normed;
    all.plus_one.recipe.qk_norm->norm.one_plus_weight = true;
    all.whole.recipe.qk_norm->over = QkNorm::Over::whole_width;
    all.whole.weights.q_norm = setting.whole_q_norm;
    all.whole.weights.k_norm = setting.whole_k_norm;

    all.soft.recipe.soft_cap = 0.5f;
    all.sinks.recipe.sinks = true;
    all.window.recipe.mask.window = 3;
    all.both_ways.recipe.mask.causal = false;
    all.both_ways.is_text = {{true, true, true, true, true, false}};
    all.partial.recipe.rope->rotary_dim = 2;
    all.partial.recipe.rope->freqs = ch6::frequencies(2, 10000.0f);
    all.stretched.recipe.rope = stretched_rope();
    all.alibi.recipe.alibi = true;
    all.distance.recipe.distance_bias = small_buckets;
    all.distance.recipe.mask.causal = false;
    all.distance.recipe.scale = 1.0f;
    all.gated = {plain.recipe, with_gate(weights, setting.gate, plain.recipe)};
    all.gated.recipe.output_gate = true;
    return all;
}

Rope small_rope() {
    Rope rope;
    rope.rotary_dim = small_head_dim;
    rope.freqs = ch6::frequencies(small_head_dim, 10000.0f);
    return rope;
}

Trace run(const Variant& variant, const Tensor3& x) {
    Cache cache(variant.recipe, x.shape(0), x.shape(1));
    return attention(x, variant.weights, variant.recipe, cache, 0, variant.is_text);
}

const std::vector<std::string>& words() {
    static const std::vector<std::string> text = {"Your", "journey", "starts", "with", "one", "step"};
    return text;
}

}  // namespace ch9
