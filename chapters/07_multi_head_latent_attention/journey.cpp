#include "chapters/07_multi_head_latent_attention/journey.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>

namespace ch7 {
namespace {

double elements(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), 1.0, [](double product, std::size_t axis) {
        return product * static_cast<double>(axis);
    });
}

double bytes_of(const Shape& shape) {
    return elements(shape) * sizeof(float);
}

using Axes = std::vector<std::string>;

// The result reads the same memory through other strides.
JourneyStep view(std::string code, std::string text, const Layout& before, Layout after, std::string name,
                 AnyTensor tensor, Axes axes) {
    return {std::move(code), std::move(text),   before,         std::move(after), true, 0.0, 0.0,
            std::move(name), std::move(tensor), std::move(axes)};
}

// The result is new memory. `others` are further tensors that are read: weights, a cache.
JourneyStep computed(std::string code, std::string text, const Layout& before, double flops,
                     const std::vector<Shape>& others, std::string name, AnyTensor tensor, Axes axes) {
    double bytes = bytes_of(before.shape) + bytes_of(tensor.shape);
    for (const Shape& other : others) bytes += bytes_of(other);
    Layout after = fresh(tensor.shape);
    return {std::move(code), std::move(text), before,          std::move(after),  false,
            flops,           bytes,           std::move(name), std::move(tensor), std::move(axes)};
}

// Each number of the result is a sum of `inner` products.
double product_flops(const AnyTensor& result, std::size_t inner) {
    return 2.0 * static_cast<double>(inner) * elements(result.shape);
}

}  // namespace

Layout fresh(const Shape& shape) {
    Shape strides(shape.size(), 1);
    for (std::size_t axis = shape.size() - 1; axis-- > 0;) {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    return {shape, strides};
}

std::vector<JourneyStep> journey(const Tensor3& x, const Weights& weights, const Config& config,
                                 const AbsorbedTrace& trace) {
    const std::size_t batch = x.shape(0), tokens = x.shape(1), heads = config.n_heads,
                      c = config.kv_lora_rank;
    const std::size_t nope = config.qk_nope_head_dim, rope = config.qk_rope_head_dim, v = config.v_head_dim;
    const Projections& made = trace.made;
    const auto shape_of = [](const auto& tensor) {
        return Shape(tensor.shape().begin(), tensor.shape().end());
    };
    const Layout in = fresh(shape_of(x));
    std::vector<JourneyStep> steps;

    // Queries.
    const Tensor3 flat_q = torch::view<3>(made.q, {batch, tokens, heads * (nope + rope)});
    steps.push_back(computed("q = wq(x)", "All heads' queries in one product.", in,
                             product_flops(flat_q, config.dim), {shape_of(weights.wq.weight)}, "wq(x)",
                             flat_q, {"B", "T", "H * qk_head_dim"}));
    const Layout q = fresh(shape_of(made.q));
    steps.push_back(view("q = q.view(B, T, H, qk_head_dim)",
                         fmt::format("The last axis is read as {} heads of {} numbers.", heads, nope + rope),
                         steps.back().after, q, "q", made.q, {"B", "T", "H", "qk_head_dim"}));
    steps.push_back(
        view("q_nope, q_pe = torch.split(q, [nope, rope], dim=-1)",
             fmt::format("The first {} numbers of each head: the strides still step over whole heads.", nope),
             q, {shape_of(made.q_nope), q.strides}, "q_nope", made.q_nope, {"B", "T", "H", "nope"}));
    steps.push_back(
        view("q_nope, q_pe = torch.split(q, [nope, rope], dim=-1)",
             fmt::format("The other {}: the same memory, read from {} numbers later on.", rope, nope), q,
             {shape_of(made.q_pe), q.strides}, "q_pe", made.q_pe, {"B", "T", "H", "rope"}));
    steps.push_back(computed("q_pe = apply_rotary_emb(q_pe, freqs_cis)",
                             "Pairs as complex numbers: four multiplications and two additions each.",
                             steps.back().after, 3.0 * elements(shape_of(made.q_pe)), {{tokens, rope}},
                             "q_pe_rotated", made.q_pe_rotated, {"B", "T", "H", "rope"}));

    // The latent, and the key's position.
    const Tensor3 down = torch::cat(made.kv_latent, made.k_pe);
    steps.push_back(computed("kv = wkv_a(x)",
                             fmt::format("Latent and k_pe, side by side: {} + {} numbers.", c, rope), in,
                             product_flops(down, config.dim), {shape_of(weights.wkv_a.weight)}, "wkv_a(x)",
                             down, {"B", "T", "c + rope"}));
    const Layout both = steps.back().after;
    steps.push_back(view("kv, k_pe = torch.split(kv, [c, rope], dim=-1)", "The latent.", both,
                         {shape_of(made.kv_latent), both.strides}, "kv_latent", made.kv_latent,
                         {"B", "T", "c"}));
    const Layout latent = steps.back().after;
    steps.push_back(view("kv, k_pe = torch.split(kv, [c, rope], dim=-1)", "The key's share of position.",
                         both, {shape_of(made.k_pe), both.strides}, "k_pe", made.k_pe, {"B", "T", "rope"}));
    steps.push_back(computed(
        "k_pe = apply_rotary_emb(k_pe.unsqueeze(2), freqs_cis)",
        fmt::format("One for all: turned once, not {} times. The axis that unsqueeze adds is a view.", heads),
        steps.back().after, 3.0 * elements(shape_of(made.k_pe)), {{tokens, rope}}, "k_pe_rotated",
        made.k_pe_rotated, {"B", "T", "rope"}));
    steps.push_back(computed(
        "kv_cache[:B, 0:T] = kv_norm(kv)",
        "Square, add, divide, weigh: four operations a number. The result goes into the cache.", latent,
        4.0 * elements(shape_of(made.kv_normed)), {{c}}, "kv_normed", made.kv_normed, {"B", "T", "c"}));

    // Scores.
    const Shape w_uk_shape = {heads, nope, c}, w_uv_shape = {heads, v, c};
    const Shape latents = shape_of(trace.latents), turned = shape_of(trace.turned_k_pe);
    const Layout q_nope{shape_of(made.q_nope), q.strides};
    steps.push_back(computed("q_nope = einsum(\"bshd,hdc->bshc\", q_nope, w_uk)",
                             "The queries absorb the matrix that would have made keys.", q_nope,
                             product_flops(trace.q_absorbed, nope), {w_uk_shape}, "q_absorbed",
                             trace.q_absorbed, {"B", "T", "H", "c"}));
    steps.push_back(computed("einsum(\"bshc,btc->bsht\", q_nope, kv_cache)",
                             "Content: heads meet the latents.", steps.back().after,
                             product_flops(trace.scores_nope, c), {latents}, "scores_nope", trace.scores_nope,
                             {"B", "T", "H", "S"}));
    steps.push_back(computed("einsum(\"bshr,btr->bsht\", q_pe, pe_cache)",
                             "Position: heads meet the turned k_pe.", fresh(shape_of(made.q_pe_rotated)),
                             product_flops(trace.scores_pe, rope), {turned}, "scores_pe", trace.scores_pe,
                             {"B", "T", "H", "S"}));
    const Shape scores = shape_of(trace.attn_scores);
    steps.push_back(computed("scores = scores_nope + scores_pe", "An addition for each score.", fresh(scores),
                             elements(scores), {scores}, "attn_scores", trace.attn_scores,
                             {"B", "T", "H", "S"}));
    steps.push_back(computed("scores = (scores * softmax_scale + mask).softmax(dim=-1)",
                             "Scale, mask, subtract the largest, exp, sum, divide: six operations a score.",
                             steps.back().after, 6.0 * elements(scores), {}, "attn_weights",
                             trace.attn_weights, {"B", "T", "H", "S"}));

    // Values.
    steps.push_back(computed("x = einsum(\"bsht,btc->bshc\", scores, kv_cache)", "The latents mixed.",
                             steps.back().after, product_flops(trace.context_latent, tokens), {latents},
                             "context_latent", trace.context_latent, {"B", "T", "H", "c"}));
    steps.push_back(computed("x = einsum(\"bshc,hdc->bshd\", x, w_uv)", "Each head's value of the mixture.",
                             steps.back().after, product_flops(trace.head_context, c), {w_uv_shape},
                             "head_context", trace.head_context, {"B", "T", "H", "v"}));
    const Tensor3 flat = torch::view<3>(trace.head_context, {batch, tokens, heads * v});
    steps.push_back(view("x = x.flatten(2)", "All heads of a token as one row.", steps.back().after,
                         fresh(shape_of(flat)), "x.flatten(2)", flat, {"B", "T", "H * v"}));
    steps.push_back(computed("output = wo(x)", "Back to the width of an embedding.", steps.back().after,
                             product_flops(trace.output, heads * v), {shape_of(weights.wo.weight)}, "output",
                             trace.output, {"B", "T", "dim"}));
    return steps;
}

}  // namespace ch7
