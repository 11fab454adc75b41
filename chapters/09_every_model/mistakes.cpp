#include "chapters/09_every_model/mistakes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "chapters/09_every_model/stages.hpp"

namespace ch9 {
namespace {

template <class Change>
std::function<NamedTensors()> changed(Change change) {
    return [change] {
        Changes changes;
        change(changes);
        return tensors_with(changes);
    };
}

// A mistake in a recipe or in weights.
template <class Change>
std::function<NamedTensors()> in_variants(Change change) {
    return changed([change](Changes& changes) { changes.change = change; });
}

// A mistake in a stage.
template <class Change>
std::function<NamedTensors()> in_stages(Change change) {
    return changed([change](Changes& changes) { change(changes.stages); });
}

// The weights in another order of construction.
Setting keys_first(torch::Generator& generator) {
    Setting setting = draw_setting(generator);
    std::swap(setting.weights.q, setting.weights.k);
    return setting;
}

void without_biases(Variants& all) {
    for (Variant* variant : {&all.plain, &all.by_blocks, &all.by_heads, &all.normed, &all.whole,
                             &all.plus_one, &all.soft, &all.sinks, &all.window, &all.both_ways, &all.partial,
                             &all.stretched, &all.alibi, &all.distance, &all.gated}) {
        for (ch2::Linear* layer :
             {&variant->weights.q, &variant->weights.k, &variant->weights.v, &variant->weights.qkv}) {
            layer->bias.reset();
        }
    }
}

Mistakes mistakes_of_projections() {
    return {
        {"heads-read-as-blocks",
         "the fused rows lie head by head, but they are read as all queries, all keys, all values",
         "view(B, T, H, 3 * head_dim), then split the last axis",
         in_variants([](Variants& all) { all.by_heads.recipe.projections = Projections::blocks; })},
        {"qkv-bias-missing", "the projections have no bias", "q_proj, k_proj and v_proj have a bias here",
         in_variants(without_biases)},
        {"construction-order", "k_proj is constructed before q_proj, so it draws its numbers first",
         "construct q_proj, k_proj, v_proj, o_proj in this order",
         changed([](Changes& changes) { changes.draw = keys_first; })},
    };
}

Mistakes mistakes_of_norms() {
    const auto norm = [](auto change) {
        return in_variants([change](Variants& all) {
            for (Variant* variant : {&all.normed, &all.plus_one, &all.whole}) {
                change(variant->recipe.qk_norm->norm);
            }
        });
    };
    return {
        {"qk-norm-over-all-heads", "the norm covers all heads together, but each head has its own norm",
         "norm over the last axis after the split into heads", in_variants([](Variants& all) {
             for (Variant* variant : {&all.normed, &all.plus_one}) {
                 variant->recipe.qk_norm->over = QkNorm::Over::whole_width;
                 for (Matrix* weight : {&variant->weights.q_norm, &variant->weights.k_norm}) {
                     weight->reshape(std::array<std::size_t, 2>{1, weight->size()});
                 }
             }
         })},
        {"qk-norm-of-each-head", "each head has its own norm, but here the norm covers the whole width",
         "norm before the split into heads", in_variants([](Variants& all) {
             all.whole.recipe.qk_norm->over = QkNorm::Over::head;
             for (Matrix* weight : {&all.whole.weights.q_norm, &all.whole.weights.k_norm}) {
                 weight->reshape(
                     std::array<std::size_t, 2>{all.whole.recipe.n_heads, all.whole.recipe.head_dim});
             }
         })},
        {"one-plus-weight-missing", "the norm is multiplied by weight, but the file stores weight - 1",
         "normed * (1 + weight)",
         in_variants([](Variants& all) { all.plus_one.recipe.qk_norm->norm.one_plus_weight = false; })},
        {"one-plus-weight-where-none", "the norm is multiplied by 1 + weight, but the file stores the weight",
         "normed * weight", in_variants([](Variants& all) {
             all.normed.recipe.qk_norm->norm.one_plus_weight = true;
             all.whole.recipe.qk_norm->norm.one_plus_weight = true;
         })},
        {"layer-norm-instead-of-rms", "the norm subtracts the mean, as LayerNorm does",
         "x * rsqrt(mean(x²) + eps)", norm([](Norm& choice) { choice.kind = Norm::Kind::layer; })},
        {"qk-norm-after-rope", "queries and keys are rotated first and normed then",
         "norm first, then rotate: the norm has a weight for each number",
         in_stages([](Stages& stages) { stages.norm_after_rotation = true; })},
        {"qk-norm-missing", "queries and keys are not normed", "q_norm(q), k_norm(k) before RoPE",
         in_variants([](Variants& all) { all.normed.recipe.qk_norm.reset(); })},
    };
}

Mistakes mistakes_of_scores() {
    const auto with_softmax = [](auto softmax) {
        return in_stages([softmax](Stages& stages) { stages.sink_softmax = softmax; });
    };
    return {
        {"soft-cap-after-mask",
         "the soft cap comes after the mask: -inf becomes -c, and masked keys get weight",
         "scale, soft cap, mask, softmax",
         in_stages([](Stages& stages) { stages.capped = Capped::after_mask; })},
        {"soft-cap-before-scale", "the soft cap comes before the scale", "scale, soft cap, mask, softmax",
         in_stages([](Stages& stages) { stages.capped = Capped::before_scale; })},
        {"soft-cap-not-scaled-back", "tanh(scores / c) is not multiplied by c", "c * torch.tanh(scores / c)",
         in_stages([](Stages& stages) {
             stages.cap = [](const Tensor4& scores, float cap) {
                 const Tensor4 small = soft_cap(scores, cap) / cap;
                 return small;
             };
         })},
        {"soft-cap-as-clamp", "the scores are clamped to [-c, c]", "c * torch.tanh(scores / c)",
         in_stages([](Stages& stages) {
             stages.cap = [](const Tensor4& scores, float cap) {
                 const Tensor4 clamped = xt::clip(scores, -cap, cap);
                 return clamped;
             };
         })},
        {"sinks-missing", "the sinks take no part in the softmax, so each row sums to 1",
         "torch.cat([scores, sinks], dim=-1).softmax(dim=-1)[..., :-1]",
         with_softmax([](const Tensor4& masked, const Vector&) { return ch3::masked_softmax(masked); })},
        {"sinks-after-softmax", "the sink's weight is subtracted after the softmax",
         "the sink is one more score in the softmax",
         with_softmax([](const Tensor4& masked, const Vector& sinks) {
             Tensor4 weights = ch3::masked_softmax(masked);
             for (std::size_t h = 0; h < sinks.size(); ++h) {
                 xt::view(weights, xt::all(), h) /= 1.0f + std::exp(sinks(h));
             }
             return weights;
         })},
        {"sinks-zero", "the sink's score is 0 for every head, as in softmax1", "each head has a learned sink",
         with_softmax([](const Tensor4& masked, const Vector& sinks) {
             const Vector zeros = xt::zeros_like(sinks);
             return softmax_with_sinks(masked, zeros);
         })},
    };
}

Mistakes mistakes_of_masks() {
    const auto window = [](std::size_t keys) {
        return in_variants([keys](Variants& all) { all.window.recipe.mask.window = keys; });
    };
    return {
        {"window-too-wide", "a query sees one key too many: w earlier keys and itself",
         "a window of w has w keys, the query's own included: j > i - w", window(4)},
        {"window-too-narrow", "a query sees one key too few", "j > i - w, not j > i - w + 1", window(2)},
        {"window-missing", "there is no window", "j > i - w",
         in_variants([](Variants& all) { all.window.recipe.mask.window.reset(); })},
        {"position-from-cache-rows",
         "the next token is rotated by the number of rows in the cache, but old rows were replaced",
         "count the tokens apart from the rows", in_stages([](Stages& stages) {
             stages.position = [](std::size_t start_pos, std::size_t rows) {
                 return std::min(start_pos, rows);
             };
         })},
        {"padding-ignored", "padding gets attention weight", "hide the keys where attention_mask is 0",
         in_variants([](Variants& all) { all.both_ways.is_text = {}; })},
        {"padding-inverted", "the text is masked and the padding is not",
         "hide the keys where attention_mask is 0", in_variants([](Variants& all) {
             for (bool& text : all.both_ways.is_text) text = !text;
         })},
        {"causal-instead-of-both-ways", "later tokens are masked, but an encoder looks both ways",
         "no causal mask in BERT and in T5's encoder",
         in_variants([](Variants& all) { all.both_ways.recipe.mask.causal = true; })},
    };
}

// Rotates the last rotary_dim numbers of each head.
Tensor4 rotate_the_last(const Tensor4& x, const Rope& rope, std::size_t start_pos) {
    const std::size_t first = x.shape(3) - rope.rotary_dim;
    Tensor4 rotated = x;
    xt::view(rotated, xt::all(), xt::all(), xt::all(), xt::range(first, x.shape(3))) =
        rotate(torch::narrow(x, 3, first, rope.rotary_dim), rope, start_pos);
    return rotated;
}

Mistakes mistakes_of_rotations() {
    const auto factor = [](auto change) {
        return in_variants([change](Variants& all) {
            float& length = all.stretched.recipe.rope->attention_factor;
            length = change(length);
        });
    };
    return {
        {"rope-neighbours", "pairs are neighbours, (2i, 2i + 1), but the weights are for halves",
         "pair (i, i + rotary_dim / 2)", in_stages([](Stages& stages) {
             stages.rotation = [](const Tensor4& x, const Rope& rope, std::size_t start_pos) {
                 Rope other = rope;
                 other.pairs = Rope::Pairs::neighbours;
                 return rotate(x, other, start_pos);
             };
         })},
        {"partial-rotates-the-last", "the last numbers of each head are rotated",
         "rotate the first rotary_dim numbers",
         in_stages([](Stages& stages) { stages.rotation = rotate_the_last; })},
        {"partial-rotates-all", "the whole head is rotated", "rotate the first rotary_dim numbers",
         in_variants([](Variants& all) { all.partial.recipe.rope = small_rope(); })},
        {"attention-factor-missing", "cos and sin are not multiplied by the attention factor",
         "cos * attention_factor, sin * attention_factor", factor([](float) { return 1.0f; })},
        {"attention-factor-squared", "cos and sin are multiplied by the square of the attention factor",
         "cos * attention_factor, sin * attention_factor: the scores then get its square",
         factor([](float length) { return length * length; })},
        {"attention-factor-once", "the scores get the attention factor once",
         "queries AND keys: scores get its square", factor([](float length) { return std::sqrt(length); })},
        {"long-factors-ignored", "the frequencies are not divided by the long factors",
         "beyond the original length: freqs / long_factor",
         in_variants([](Variants& all) { all.stretched.recipe.rope->freqs = small_rope().freqs; })},
    };
}

Mistakes mistakes_of_biases() {
    const auto slopes_from_0 = [](std::size_t n_heads) {
        Vector slopes = Vector::from_shape({n_heads});
        for (std::size_t h = 0; h < n_heads; ++h) {
            slopes(h) = std::exp2(-8.0f * static_cast<float>(h) / static_cast<float>(n_heads));
        }
        return slopes;
    };
    const auto bias_of = [](const Tensor4& scores, std::size_t start_pos, std::size_t first_key) {
        const Tensor4 zeros = xt::zeros_like(scores);
        return add_alibi(zeros, start_pos, first_key);
    };
    return {
        {"alibi-sign", "the bias grows with the distance: far keys get more weight",
         "slope * (j - i), which is negative for earlier keys", in_stages([=](Stages& stages) {
             stages.alibi = [=](const Tensor4& scores, std::size_t start_pos, std::size_t first_key) {
                 const Tensor4 biased = scores - bias_of(scores, start_pos, first_key);
                 return biased;
             };
         })},
        {"alibi-slopes-from-0", "the slopes begin with 1: head 0 counts as power 0",
         "2 ** (-8 * (h + 1) / H)", changed([=](Changes& changes) {
             changes.slopes = slopes_from_0;
             changes.stages.alibi = [=](const Tensor4& scores, std::size_t start_pos, std::size_t first_key) {
                 const Vector right = alibi_slopes(scores.shape(1)), wrong = slopes_from_0(scores.shape(1));
                 Tensor4 bias = bias_of(scores, start_pos, first_key);
                 for (std::size_t h = 0; h < right.size(); ++h) {
                     xt::view(bias, xt::all(), h) *= wrong(h) / right(h);
                 }
                 const Tensor4 biased = scores + bias;
                 return biased;
             };
         })},
        {"alibi-scaled", "the bias is added before the scale, so it is scaled too", "scores * scale + bias",
         in_stages([=](Stages& stages) {
             stages.alibi = [=](const Tensor4& scores, std::size_t start_pos, std::size_t first_key) {
                 const Tensor4 biased = scores + 0.5f * bias_of(scores, start_pos, first_key);
                 return biased;
             };
         })},
        {"distance-bias-scaled", "the scores are divided by sqrt(head_dim), but T5 has no scale",
         "scores = q @ k.T, without a scale",
         in_variants([](Variants& all) { all.distance.recipe.scale = all.plain.recipe.scale; })},
        {"distance-bias-sides-swapped", "the upper half of the buckets is used for earlier keys",
         "buckets // 2 + ... where j > i", in_stages([](Stages& stages) {
             stages.distance_bias = [](const Tensor4& scores, const Matrix& table, const DistanceBias& choice,
                                       bool both_ways, std::size_t start_pos, std::size_t first_key) {
                 const Tensor4 zeros = xt::zeros_like(scores);
                 const Tensor4 bias =
                     add_distance_bias(zeros, table, choice, both_ways, start_pos, first_key);
                 const Tensor4 biased = scores + torch::transpose(bias, 2, 3);
                 return biased;
             };
         })},
        {"distance-bias-one-way", "the buckets are those of a decoder: all later keys are in bucket 0",
         "bidirectional=True in the encoder", in_stages([](Stages& stages) {
             stages.distance_bias = [](const Tensor4& scores, const Matrix& table, const DistanceBias& choice,
                                       bool, std::size_t start_pos, std::size_t first_key) {
                 return add_distance_bias(scores, table, choice, false, start_pos, first_key);
             };
         })},
    };
}

Mistakes mistakes_of_the_gate() {
    return {
        {"gate-missing", "the context is not multiplied by the gate", "combined * torch.sigmoid(gate)",
         in_stages([](Stages& stages) {
             stages.gate = [](const Tensor3& combined, const Tensor4&) { return combined; };
         })},
        {"gate-silu", "the gate is silu(gate) instead of sigmoid(gate)", "combined * torch.sigmoid(gate)",
         in_stages([](Stages& stages) {
             stages.gate = [](const Tensor3& combined, const Tensor4& gate) {
                 const Tensor3 opened = open_gate(combined, gate) * torch::view<3>(gate, combined.shape());
                 return opened;
             };
         })},
        {"gate-before-query", "the first half of each head is taken for the gate",
         "query, gate = q.view(B, T, H, 2 * head_dim).chunk(2, dim=-1)",
         in_stages([](Stages& stages) { stages.gate_before_query = true; })},
    };
}

}  // namespace

Mistakes mistakes() {
    Mistakes table;
    for (const Mistakes& more :
         {mistakes_of_projections(), mistakes_of_norms(), mistakes_of_scores(), mistakes_of_masks(),
          mistakes_of_rotations(), mistakes_of_biases(), mistakes_of_the_gate()}) {
        table.insert(table.end(), more.begin(), more.end());
    }
    return table;
}

}  // namespace ch9
