#include "chapters/04_multi_head_attention/mistakes.hpp"

#include <cmath>
#include <functional>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "chapters/02_trainable_weights/mistakes.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/04_multi_head_attention/heads.hpp"
#include "chapters/04_multi_head_attention/wrapper.hpp"

namespace ch4 {
namespace {

constexpr std::size_t walked_d_in = 3, walked_heads = 2, walked_d_out = 2;

Tensor3 walked_batch() {
    const Matrix inputs = ch1::your_journey().embeddings;
    return torch::stack(inputs, inputs);
}

// --- the steps of the chapter; a mistake replaces one of them

struct Steps {
    std::size_t scale_width = 2;  // the notebook's width, in both classes
    std::size_t heads = walked_heads;
    std::size_t softmax_axis = 3;
    std::function<Tensor4(const Tensor3&, std::size_t)> split = split_heads;
    std::function<Tensor4(const Tensor4&)> hide = [](const Tensor4& scores) {
        return ch3::masked_fill(scores, ch3::future_mask(scores.shape(3)), ch3::True::hides);
    };
    std::function<Tensor3(const Tensor4&)> combine = combine_heads;
};

Tensor3 attend(const Tensor3& x, const ch2::LinearWeights& layers, const Steps& steps) {
    const Tensor4 queries = steps.split(layers.query(x), steps.heads),
                  keys = steps.split(layers.key(x), steps.heads),
                  values = steps.split(layers.value(x), steps.heads);
    const Tensor4 scores = torch::matmul(queries, torch::transpose(keys, 2, 3));
    const Tensor4 scaled = steps.hide(scores) / std::sqrt(static_cast<float>(steps.scale_width));
    const Tensor4 weights = ch1::softmax_along(scaled, steps.softmax_axis);
    return steps.combine(torch::matmul(weights, values));
}

// The heads of MultiHeadAttentionWrapper (cell 26) and the layers of MultiHeadAttention (cell 30).
std::vector<ch2::LinearWeights> right_heads() {
    torch::Generator generator(123);
    return random_heads(generator, walked_d_in, 2, walked_heads);
}

Weights right_layers() {
    torch::Generator generator(123);
    return random_weights(generator, walked_d_in, walked_d_out);
}

// The prints of the two cells, under the names that --save uses.
NamedTensors wrapper_prints(const Tensor3& context) {
    return {{"context_vecs", context}};
}
NamedTensors fused_prints(const Tensor3& context) {
    return {{"context_vecs.2", context}};
}

NamedTensors fused_with(const Steps& steps, const Weights& layers = right_layers()) {
    return fused_prints(layers.out_proj(attend(walked_batch(), layers.projections, steps)));
}

// The wrapper equals the fused form without out_proj.
NamedTensors both_with(const Steps& steps) {
    NamedTensors tensors = wrapper_prints(attend(walked_batch(), fuse(right_heads()), steps));
    const NamedTensors fused = fused_with(steps);
    tensors.insert(tensors.end(), fused.begin(), fused.end());
    return tensors;
}

Steps hiding(std::function<Tensor4(const Tensor4&)> hide) {
    Steps steps;
    steps.hide = std::move(hide);
    return steps;
}

Steps hiding_from_diagonal(std::ptrdiff_t diagonal) {
    return hiding([=](const Tensor4& scores) {
        return ch3::masked_fill(scores, ch3::mask_from_diagonal(scores.shape(3), diagonal), ch3::True::hides);
    });
}

Steps with_softmax_along(std::size_t axis) {
    Steps steps;
    steps.softmax_axis = axis;
    return steps;
}

Steps scaled_by_root_of(std::size_t width) {
    Steps steps;
    steps.scale_width = width;
    return steps;
}

// (B, H, T, head_dim) viewed as (B, T, d_out) without a transpose.
Tensor3 view_as_tokens(const Tensor4& x) {
    return torch::view<3>(x, {x.shape(0), x.shape(2), x.shape(1) * x.shape(3)});
}

Steps without_transpose_back() {
    Steps steps;
    steps.combine = view_as_tokens;
    return steps;
}

Steps view_alone(bool transpose_back) {
    Steps steps;
    steps.split = split_heads_by_view_alone;
    if (!transpose_back) steps.combine = view_as_tokens;
    return steps;
}

// --- other mistakes in one of the two classes

NamedTensors heads_added() {
    const Tensor3 context = attend(walked_batch(), fuse(right_heads()), {});
    const Tensor3 sum = torch::narrow(context, 2, 0, 2) + torch::narrow(context, 2, 2, 2);
    return wrapper_prints(sum);
}

NamedTensors heads_below_each_other() {
    const Tensor3 context = attend(walked_batch(), fuse(right_heads()), {});
    const Tensor3 swapped =
        torch::transpose(torch::cat(torch::transpose(torch::narrow(context, 2, 0, 2), 1, 2),
                                    torch::transpose(torch::narrow(context, 2, 2, 2), 1, 2)),
                         1, 2);
    return wrapper_prints(swapped);
}

NamedTensors heads_share_layers() {
    const std::vector<ch2::LinearWeights> heads = right_heads();
    return wrapper_prints(attend(walked_batch(), fuse({heads[0], heads[0]}), {}));
}

NamedTensors wrapper_redrawn(const ch2::DrawOrder& order) {
    std::vector<ch2::LinearWeights> heads = right_heads();
    for (ch2::LinearWeights& head : heads) head = ch2::redrawn(head, order);
    return wrapper_prints(attend(walked_batch(), fuse(heads), {}));
}

NamedTensors fused_redrawn(const ch2::DrawOrder& order, const Steps& steps) {
    Weights layers = right_layers();
    layers.projections = ch2::redrawn(layers.projections, order);
    return fused_with(steps, layers);
}

NamedTensors out_proj_drawn_first(const Steps& steps) {
    torch::Generator generator(123);
    Weights layers;
    layers.out_proj = ch2::random_linear(generator, walked_d_out, walked_d_out, true);
    layers.projections = ch2::random_linear_weights(generator, walked_d_in, walked_d_out);
    return fused_with(steps, layers);
}

NamedTensors out_proj_missing(const Steps& steps) {
    return fused_prints(attend(walked_batch(), right_layers().projections, steps));
}

NamedTensors out_proj_transposed(const Steps& steps) {
    Weights layers = right_layers();
    layers.out_proj.weight = torch::transpose(layers.out_proj.weight);
    return fused_with(steps, layers);
}

NamedTensors out_proj_without_bias(const Steps& steps) {
    Weights layers = right_layers();
    layers.out_proj.bias.reset();
    return fused_with(steps, layers);
}

NamedTensors projections_with_bias(const Steps& steps) {
    torch::Generator generator(123);
    Weights layers;
    layers.projections.query = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    layers.projections.key = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    layers.projections.value = ch2::random_linear(generator, walked_d_in, walked_d_out, true);
    layers.out_proj = ch2::random_linear(generator, walked_d_out, walked_d_out, true);
    return fused_with(steps, layers);
}

NamedTensors d_out_for_each_head(const Steps& steps) {
    torch::Generator generator(123);
    return fused_with(steps, random_weights(generator, walked_d_in, walked_heads * walked_d_out));
}

// Mistakes in MultiHeadAttention. A reader who has repaired the notebook's scale makes them with the other
// width.
Mistakes mistakes_of_the_fused_class(std::size_t scale_width) {
    const auto with = [=](Steps steps) {
        steps.scale_width = scale_width;
        return [=] { return fused_with(steps); };
    };
    Steps steps;
    steps.scale_width = scale_width;
    Steps one_head = steps;
    one_head.heads = 1;
    return {
        {"view-instead-of-transpose",
         "view splits the heads without a transpose, so a head gets pieces of one token instead of one "
         "piece of each token",
         "view(b, T, H, head_dim).transpose(1, 2)", with(view_alone(true))},
        {"view-instead-of-transpose",
         "view alone splits and combines the heads, without a transpose on either side",
         "view(b, T, H, head_dim).transpose(1, 2), and transpose(1, 2) before the last view",
         with(view_alone(false))},
        {"heads-not-combined", "the heads are combined without transposing them back behind the tokens",
         "context_vec.transpose(1, 2) before the last view", with(without_transpose_back())},
        {"weights-transposed",
         "out_proj multiplies by its weight as it is stored, (out, in), without the transpose",
         "self.out_proj(x), or x @ out_proj.weight.T", [=] { return out_proj_transposed(steps); }},
        {"out-proj-missing", "out_proj is missing", "return self.out_proj(context_vec)",
         [=] { return out_proj_missing(steps); }},
        {"out-proj-without-bias", "out_proj has no bias", "nn.Linear(d_out, d_out)",
         [=] { return out_proj_without_bias(steps); }},
        {"bias-where-none", "the layers of queries, keys and values have a bias",
         "bias=False for these three", [=] { return projections_with_bias(steps); }},
        {"d-out-per-head", "d_out is used as the width of one head, so two heads give 4 columns",
         "head_dim = d_out // num_heads", [=] { return d_out_for_each_head(steps); }},
        {"one-head", "all columns are one head", "num_heads=2", [=] { return fused_with(one_head); }},
        {"construction-order", "out_proj is constructed before the other layers, so it draws first",
         "construct out_proj last", [=] { return out_proj_drawn_first(steps); }},
    };
}

Mistakes mistakes_of_the_wrapper() {
    return {
        {"heads-share-layers", "both heads have the same layers",
         "construct a new head each time: [CausalAttention(...) for _ in ...]", heads_share_layers},
        {"heads-added", "the heads are added instead of concatenated", "torch.cat(heads, dim=-1)",
         heads_added},
        {"heads-in-wrong-axis", "the heads are concatenated along the tokens instead of the columns",
         "torch.cat(heads, dim=-1)", heads_below_each_other},
    };
}

Mistakes mistakes_of_both() {
    return {
        {"mask-missing", "nothing is masked, so every token sees the future",
         "masked_fill(mask, -torch.inf) before softmax",
         [] { return both_with(hiding([](const Tensor4& scores) { return scores; })); }},
        {"mask-off-by-one",
         "the mask covers the diagonal too, so no token sees itself, and the first token sees nothing",
         "torch.triu(..., diagonal=1), not diagonal=0", [] { return both_with(hiding_from_diagonal(0)); }},
        {"mask-off-by-one", "the mask starts one place too late, so every token sees the next one",
         "torch.triu(..., diagonal=1), not diagonal=2", [] { return both_with(hiding_from_diagonal(2)); }},
        {"mask-zero-instead-of-inf", "masked scores are 0 instead of -inf, and exp(0) = 1 gives them weight",
         "masked_fill(mask, -torch.inf)",
         [] {
             return both_with(hiding([](const Tensor4& scores) { return ch3::future_filled(scores, 0.0f); }));
         }},
        {"softmax-wrong-axis", "softmax runs over the queries instead of the keys",
         "softmax along the last axis: dim=-1", [] { return both_with(with_softmax_along(2)); }},
        {"softmax-wrong-axis",
         "softmax runs over the heads (dim=1), so the weights of all heads sum to 1 together",
         "softmax along the last axis: dim=-1", [] { return both_with(with_softmax_along(1)); }},
        {"scale-d-in", "the scores are divided by √3, the root of d_in", "divide by keys.shape[-1]**0.5",
         [] { return both_with(scaled_by_root_of(walked_d_in)); }},
        {"scale-missing", "the scores are not divided by √d_k before softmax",
         "divide by keys.shape[-1]**0.5", [] { return both_with(scaled_by_root_of(1)); }},
    };
}

}  // namespace

Mistakes mistakes() {
    Mistakes table = {
        {"notebook-bug-fixed",
         "no mistake: you divide by √head_dim = √1; by accident, the notebook divides by √2, the root of the "
         "width of a leftover `key`",
         "keep your code", [] { return fused_with(scaled_by_root_of(1)); }},
    };
    const auto append = [&](const Mistakes& more) { table.insert(table.end(), more.begin(), more.end()); };
    append(mistakes_of_the_fused_class(2));
    append(mistakes_of_both());
    append(mistakes_of_the_wrapper());
    append(mistakes_of_the_fused_class(1));
    for (const ch2::DrawOrder& order : ch2::other_draw_orders()) {
        const std::string cause = "the layers are constructed in the order " + ch2::in_words(order) +
                                  ", so they draw their numbers in that order";
        const std::string advice = "construct W_query, W_key, W_value in this order";
        append({{"construction-order", cause, advice, [order] { return wrapper_redrawn(order); }},
                {"construction-order", cause, advice, [order] { return fused_redrawn(order, {}); }},
                {"construction-order", cause, advice,
                 [order] { return fused_redrawn(order, scaled_by_root_of(1)); }}});
    }
    return table;
}

}  // namespace ch4
