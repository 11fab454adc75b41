#include "chapters/07_multi_head_latent_attention/journey.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>

namespace ch7 {
namespace {

// Row-major: neighbours along the last axis are neighbours in memory.
Layout row_major(const Shape& shape) {
    Shape strides(shape.size(), 1);
    for (std::size_t axis = shape.size() - 1; axis-- > 0;) {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    return {shape, strides};
}

// (B, T, H, d) as einsum stores it if each head has its own matrix: the heads are outermost.
Layout heads_outermost(const Shape& shape) {
    const std::size_t tokens = shape[0] * shape[1], width = shape[3];
    return {shape, {shape[1] * width, width, tokens * width, 1}};
}

// A part of the last axis, in the memory of the whole tensor.
Layout part_of(const Layout& whole, const Shape& shape) {
    return {shape, whole.strides};
}

double elements(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), 1.0, [](double product, std::size_t length) {
        return product * static_cast<double>(length);
    });
}

template <class T>
Shape shape_of(const T& tensor) {
    return Shape(tensor.shape().begin(), tensor.shape().end());
}

// The result of an operation: the tensor with its name, and how PyTorch stores it.
struct Result {
    std::string name;
    AnyTensor tensor;
    std::vector<std::string> axes;
    Layout layout;
};

// Each number of the result is a sum of `terms` products.
double product_flops(const Result& result, std::size_t terms) {
    return 2.0 * static_cast<double>(terms) * elements(result.layout.shape);
}

class Recorder {
  public:
    Recorder(const Tensor3& x, const Weights& weights, const Config& config, const AbsorbedTrace& trace)
        : x_(x), weights_(weights), config_(config), trace_(trace), made_(trace.made) {}

    std::vector<JourneyStep> record() {
        queries();
        latent();
        scores();
        values();
        return std::move(steps_);
    }

  private:
    void queries() {
        const std::size_t batch = x_.shape(0), tokens = x_.shape(1), heads = config_.n_heads;
        const std::size_t nope = config_.qk_nope_head_dim, rope = config_.qk_rope_head_dim;
        const Tensor3 flat = torch::view<3>(made_.q, {batch, tokens, heads * config_.qk_head_dim()});
        product("q = wq(x)", "One product computes the queries of all heads.", row_major(shape_of(x_)),
                fresh("wq(x)", flat, {"B", "T", "H * qk_head_dim"}), config_.dim,
                shape_of(weights_.wq.weight));

        const Layout q = row_major(shape_of(made_.q));
        view("q = q.view(B, T, H, qk_head_dim)",
             fmt::format("The last axis becomes {} heads of {} numbers.", heads, nope + rope), last(),
             fresh("q", made_.q, {"B", "T", "H", "qk_head_dim"}));
        view("q_nope, q_pe = torch.split(q, [nope, rope], dim=-1)",
             fmt::format("The first {} numbers of each head. The strides still step over whole heads.", nope),
             q, {"q_nope", made_.q_nope, {"B", "T", "H", "nope"}, part_of(q, shape_of(made_.q_nope))});
        view("q_nope, q_pe = torch.split(q, [nope, rope], dim=-1)",
             fmt::format("The other {} numbers: the same memory, read from {} numbers later on.", rope, nope),
             q, {"q_pe", made_.q_pe, {"B", "T", "H", "rope"}, part_of(q, shape_of(made_.q_pe))});
        rotation("q_pe = apply_rotary_emb(q_pe, freqs_cis)",
                 "Pairs as complex numbers: four multiplications and two additions for each pair.",
                 fresh("q_pe_rotated", made_.q_pe_rotated, {"B", "T", "H", "rope"}));
    }

    void latent() {
        const std::size_t batch = x_.shape(0), tokens = x_.shape(1), c = config_.kv_lora_rank;
        const std::size_t rope = config_.qk_rope_head_dim;
        const Tensor3 down = torch::cat(made_.kv_latent, made_.k_pe);
        product("kv = wkv_a(x)", fmt::format("The latent and k_pe, side by side: {} + {} numbers.", c, rope),
                row_major(shape_of(x_)), fresh("wkv_a(x)", down, {"B", "T", "c + rope"}), config_.dim,
                shape_of(weights_.wkv_a.weight));

        const Layout both = last(), latent = part_of(both, shape_of(made_.kv_latent));
        view("kv, k_pe = torch.split(kv, [c, rope], dim=-1)", "The latent.", both,
             {"kv_latent", made_.kv_latent, {"B", "T", "c"}, latent});
        view("kv, k_pe = torch.split(kv, [c, rope], dim=-1)", "The position part of the key.", both,
             {"k_pe", made_.k_pe, {"B", "T", "rope"}, part_of(both, shape_of(made_.k_pe))});
        const Tensor4 one_head = torch::view<4>(made_.k_pe_rotated, {batch, tokens, 1, rope});
        rotation("k_pe = apply_rotary_emb(k_pe.unsqueeze(2), freqs_cis)",
                 fmt::format("One k_pe for all heads: it is rotated once, not {} times. The axis that "
                             "unsqueeze adds is a view.",
                             config_.n_heads),
                 fresh("k_pe_rotated", one_head, {"B", "T", "1", "rope"}));
        computed("kv_cache[:B, 0:T] = kv_norm(kv)",
                 "Square, add, divide, scale: four operations for each number. The result goes into the "
                 "cache.",
                 latent, fresh("kv_normed", made_.kv_normed, {"B", "T", "c"}), 4.0 * elements(latent.shape),
                 {{c}});
    }

    void scores() {
        const std::size_t batch = x_.shape(0), tokens = x_.shape(1);
        const std::size_t heads = config_.n_heads, c = config_.kv_lora_rank, nope = config_.qk_nope_head_dim;
        const std::vector<std::string> axes = {"B", "T", "H", "S"};
        product("q_nope = einsum(\"bshd,hdc->bshc\", q_nope, w_uk)",
                "The queries absorb the matrix that would compute keys. Each head has its own matrix, so "
                "PyTorch multiplies head by head, and the heads become outermost in memory.",
                part_of(row_major(shape_of(made_.q)), shape_of(made_.q_nope)),
                {"q_absorbed",
                 trace_.q_absorbed,
                 {"B", "T", "H", "c"},
                 heads_outermost(shape_of(trace_.q_absorbed))},
                nope, {heads, nope, c});
        product("einsum(\"bshc,btc->bsht\", q_nope, kv_cache)",
                "Content: the dot products of each head's query with the latents.", last(),
                fresh("scores_nope", trace_.scores_nope, axes), c, {batch, tokens, c});
        product("einsum(\"bshr,btr->bsht\", q_pe, pe_cache)",
                "Position: the dot products of each head's q_pe with the rotated k_pe.",
                row_major(shape_of(made_.q_pe_rotated)), fresh("scores_pe", trace_.scores_pe, axes),
                config_.qk_rope_head_dim, {batch, tokens, config_.qk_rope_head_dim});

        const Layout layout = last();
        const double count = elements(layout.shape);
        computed("scores = scores_nope + scores_pe", "One addition for each score.", layout,
                 fresh("attn_scores", trace_.attn_scores, axes), count, {layout.shape});
        computed("scores = (scores * softmax_scale + mask).softmax(dim=-1)",
                 "Scale, mask, subtract the largest, exp, sum, divide: six operations for each score.",
                 layout, fresh("attn_weights", trace_.attn_weights, axes), 6.0 * count, {});
    }

    void values() {
        const std::size_t batch = x_.shape(0), tokens = x_.shape(1), heads = config_.n_heads;
        const std::size_t c = config_.kv_lora_rank, v = config_.v_head_dim;
        product("x = einsum(\"bsht,btc->bshc\", scores, kv_cache)", "The weighted sum of latents.", last(),
                fresh("context_latent", trace_.context_latent, {"B", "T", "H", "c"}), tokens,
                {batch, tokens, c});
        product("x = einsum(\"bshc,hdc->bshd\", x, w_uv)",
                "The value of that sum for each head. The heads are outermost again.", last(),
                {"head_context",
                 trace_.head_context,
                 {"B", "T", "H", "v"},
                 heads_outermost(shape_of(trace_.head_context))},
                c, {heads, v, c});

        const Tensor3 flat = torch::view<3>(trace_.head_context, {batch, tokens, heads * v});
        copied("x = x.flatten(2)",
               "All heads of a token become one row. It looks like a view, but with the heads outermost, no "
               "strides can express it. So PyTorch copies the numbers into a new order.",
               last(), fresh("x.flatten(2)", flat, {"B", "T", "H * v"}));
        product("output = wo(x)", "Back to the width of an embedding.", last(),
                fresh("output", trace_.output, {"B", "T", "dim"}), heads * v, shape_of(weights_.wo.weight));
    }

    // The layout of the result of the step before.
    [[nodiscard]] const Layout& last() const { return steps_.back().after; }

    static Result fresh(std::string name, AnyTensor tensor, std::vector<std::string> axes) {
        Layout layout = row_major(tensor.shape);
        return {std::move(name), std::move(tensor), std::move(axes), std::move(layout)};
    }

    void add(std::string code, std::string text, const Layout& before, Result result, JourneyStep::Kind kind,
             double flops, double bytes) {
        steps_.push_back({std::move(code), std::move(text), before, std::move(result.layout), kind, flops,
                          bytes, std::move(result.name), std::move(result.tensor), std::move(result.axes)});
    }

    void view(std::string code, std::string text, const Layout& before, Result result) {
        add(std::move(code), std::move(text), before, std::move(result), JourneyStep::Kind::view, 0.0, 0.0);
    }

    void copied(std::string code, std::string text, const Layout& before, Result result) {
        const double bytes = 2.0 * sizeof(float) * elements(before.shape);
        add(std::move(code), std::move(text), before, std::move(result), JourneyStep::Kind::copied, 0.0,
            bytes);
    }

    // `others` are the shapes of other tensors that the operation reads.
    void computed(std::string code, std::string text, const Layout& before, Result result, double flops,
                  const std::vector<Shape>& others) {
        double numbers = elements(before.shape) + elements(result.layout.shape);
        for (const Shape& other : others) numbers += elements(other);
        add(std::move(code), std::move(text), before, std::move(result), JourneyStep::Kind::computed, flops,
            numbers * sizeof(float));
    }

    // A sum of `terms` products for each number, with a second factor of the given shape.
    void product(std::string code, std::string text, const Layout& before, Result result, std::size_t terms,
                 const Shape& factor) {
        const double flops = product_flops(result, terms);
        computed(std::move(code), std::move(text), before, std::move(result), flops, {factor});
    }

    // Six operations for each pair, and a table with one complex number for each pair of a token.
    void rotation(std::string code, std::string text, Result result) {
        const Layout before = last();
        const double flops = 3.0 * elements(result.layout.shape);
        const Shape table = {x_.shape(1), config_.qk_rope_head_dim};
        computed(std::move(code), std::move(text), before, std::move(result), flops, {table});
    }

    const Tensor3& x_;
    const Weights& weights_;
    const Config& config_;
    const AbsorbedTrace& trace_;
    const Projections& made_;
    std::vector<JourneyStep> steps_;
};

}  // namespace

std::vector<JourneyStep> journey(const Tensor3& x, const Weights& weights, const Config& config,
                                 const AbsorbedTrace& trace) {
    return Recorder(x, weights, config, trace).record();
}

}  // namespace ch7
