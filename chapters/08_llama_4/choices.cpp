#include "chapters/08_llama_4/choices.hpp"

#include <cmath>
#include <limits>

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"
#include "chapters/08_llama_4/temperature.hpp"
#include "common/torch/random.hpp"

namespace ch8 {
namespace {

// What one layer makes of its input.
struct Layer {
    Tensor3 attention_norm;
    Tensor4 xq, xk, xq_rotated, xk_rotated, xq_normed, xk_normed, xq_scaled;
    Vector temperature;
    ch5::Trace attended;
    Tensor3 h, ffn_norm;
    Matrix gate, up, router_logits, router_scores, experts, shared_expert;
    Tensor3 feed_forward, output;
};

Tensor4 norm_over_all_heads(const Tensor4& x, float eps) {
    const Vector ones = xt::ones<float>({x.shape(2) * x.shape(3)});
    const Tensor3 joined = torch::view<3>(x, {x.shape(0), x.shape(1), ones.size()});
    return torch::view<4>(ch7::rms_norm(joined, ones, eps), x.shape());
}

class Model {
  public:
    Model(const Choices& choices, const Weights& weights)
        : choices_(choices), weights_(weights), config_(small_config()), table_(small_table()) {}

    // The layers of one call, for h (1, T, dim).
    std::vector<Layer> run(const Tensor3& h, Caches& caches, std::size_t start_pos, bool has_chunks) const {
        std::vector<Layer> layers;
        for (std::size_t i = 0; i < config_.n_layers; ++i) {
            layers.push_back(layer(i == 0 ? h : layers.back().output, i, caches[i], start_pos, has_chunks));
        }
        return layers;
    }

    Tensor3 last_norm(const Tensor3& x) const {
        return choices_.has_last_norm ? ch7::rms_norm(x, weights_.norm, config_.norm_eps) : x;
    }

  private:
    Layer layer(const Tensor3& x, std::size_t i, ch5::KVCache& cache, std::size_t start_pos,
                bool has_chunks) const {
        const BlockWeights& weights = weights_.layers[i];
        Layer made;
        made.attention_norm = ch7::rms_norm(x, weights.attention_norm, config_.norm_eps);
        made.attended = ch5::project(made.attention_norm, weights.attention, config_.heads);
        made.xq = made.attended.xq;
        made.xk = made.attended.xk;
        place(made, i, start_pos);

        ch5::Steps steps = choices_.steps;
        steps.hide = [&](const Tensor4& scores, std::size_t start) {
            const Tensor4 causal = choices_.steps.hide(scores, start);
            const bool is_local = choices_.has_rope(i) || choices_.chunks_everywhere;
            return is_local && has_chunks ? without_other_chunks(causal, start) : causal;
        };
        ch5::attend_with(steps, made.attended, weights.attention, config_.heads, cache, start_pos);
        made.h = (choices_.residual_after_norm ? made.attention_norm : x) + made.attended.output;
        made.ffn_norm =
            choices_.has_ffn_norm ? ch7::rms_norm(made.h, weights.ffn_norm, config_.norm_eps) : made.h;
        feed_forward(made, weights);
        made.output = (choices_.residual_after_norm ? made.ffn_norm : made.h) + made.feed_forward;
        return made;
    }

    // RoPE, QK norm and temperature of a layer.
    void place(Layer& made, std::size_t i, std::size_t start_pos) const {
        Tensor4 &xq = made.attended.xq, &xk = made.attended.xk;
        const float eps = config_.norm_eps;
        const bool has_rope = choices_.has_rope(i);
        if (has_rope && choices_.qk_norm == QkNorm::before_rope) {
            made.xq_normed = xq = qk_norm(xq, eps);
            made.xk_normed = xk = qk_norm(xk, eps);
        }
        if (has_rope) {
            made.xq_rotated = xq = choices_.rotation(xq, table_, start_pos);
            made.xk_rotated = xk = choices_.rotation(xk, table_, start_pos);
        }
        const bool norms_last = choices_.qk_norm != QkNorm::before_rope && choices_.qk_norm != QkNorm::none;
        if (norms_last && (has_rope || choices_.qk_norm == QkNorm::on_every_layer)) {
            const bool all = choices_.qk_norm == QkNorm::over_all_heads;
            made.xq_normed = xq = all ? norm_over_all_heads(xq, eps) : qk_norm(xq, eps);
            made.xk_normed = xk = all ? norm_over_all_heads(xk, eps) : qk_norm(xk, eps);
        }
        if (has_rope ? choices_.temperature_on_rope : choices_.temperature_on_nope) {
            made.temperature = Vector::from_shape({xq.shape(1)});
            const std::size_t first = choices_.temperature_from_call ? 0 : start_pos;
            for (std::size_t t = 0; t < xq.shape(1); ++t) made.temperature(t) = choices_.factor(first + t);
            made.xq_scaled = xq = scale_queries(xq, made.temperature);
        }
    }

    Tensor4 without_other_chunks(const Tensor4& scores, std::size_t start_pos) const {
        Tensor4 masked = scores;
        for (std::size_t t = 0; t < scores.shape(2); ++t) {
            for (std::size_t s = 0; s < scores.shape(3); ++s) {
                if (choices_.in_one_chunk(start_pos + t, s)) continue;
                xt::view(masked, xt::all(), xt::all(), t, s) = -std::numeric_limits<float>::infinity();
            }
        }
        return masked;
    }

    Matrix network(const FeedForward& network, const Matrix& x, Matrix* gate = nullptr,
                   Matrix* up = nullptr) const {
        const ch2::Linear& first = choices_.swaps_gate_and_up ? network.w3 : network.w1;
        const ch2::Linear& second = choices_.swaps_gate_and_up ? network.w1 : network.w3;
        const Matrix gates = choices_.gated(first(x)), ups = second(x);
        if (gate) *gate = gates;
        if (up) *up = ups;
        const Matrix product = gates * ups;
        return network.w2(product);
    }

    void feed_forward(Layer& made, const BlockWeights& weights) const {
        const Matrix x = torch::view<2>(made.ffn_norm, {made.ffn_norm.shape(1), config_.heads.dim});
        Matrix output;
        if (const auto* dense = std::get_if<FeedForward>(&weights.feed_forward)) {
            output = network(*dense, x, &made.gate, &made.up);
        } else {
            output = mixture(made, x, std::get<MoeWeights>(weights.feed_forward));
        }
        made.feed_forward = torch::view<3>(output, made.ffn_norm.shape());
    }

    Matrix mixture(Layer& made, const Matrix& x, const MoeWeights& weights) const {
        made.router_logits = weights.router(x);
        const Matrix scores = choices_.scores(made.router_logits);
        made.router_scores = torch::transpose(scores);
        made.shared_expert = network(weights.shared_expert, x);
        made.experts = xt::zeros_like(x);
        for (std::size_t e = 0; e < weights.experts.size(); ++e) {
            const Matrix column = torch::narrow(scores, 1, e, 1);
            const Matrix scaled = x * column;
            const Matrix of_expert = network(weights.experts[e], choices_.scales_output ? x : scaled);
            if (choices_.scales_output) {
                made.experts += of_expert * column;
            } else {
                made.experts += of_expert;
            }
        }
        if (!choices_.has_shared_expert) return made.experts;
        const Matrix sum = made.shared_expert + made.experts;
        return sum;
    }

    const Choices& choices_;
    const Weights& weights_;
    Config config_;
    ch6::ComplexMatrix table_;
};

void add_layer_0(NamedTensors& tensors, const Layer& layer) {
    const NamedTensors of_layer = {{"attention_norm", layer.attention_norm},
                                   {"xq", layer.xq},
                                   {"xk", layer.xk},
                                   {"xv", layer.attended.xv},
                                   {"xq_rotated", layer.xq_rotated},
                                   {"xk_rotated", layer.xk_rotated},
                                   {"xq_normed", layer.xq_normed},
                                   {"xk_normed", layer.xk_normed},
                                   {"attn_scores", layer.attended.attn_scores},
                                   {"masked", layer.attended.masked},
                                   {"attn_weights", layer.attended.attn_weights},
                                   {"combined", layer.attended.combined},
                                   {"attention", layer.attended.output},
                                   {"h", layer.h},
                                   {"ffn_norm", layer.ffn_norm},
                                   {"ffn_gate", layer.gate},
                                   {"ffn_up", layer.up},
                                   {"feed_forward", layer.feed_forward},
                                   {"output", layer.output}};
    tensors.insert(tensors.end(), of_layer.begin(), of_layer.end());
}

void add_layers_1_and_3(NamedTensors& tensors, const Layer& moe, const Layer& nope) {
    const NamedTensors of_layers = {{"moe.router_logits", moe.router_logits},
                                    {"moe.router_scores", moe.router_scores},
                                    {"moe.experts", moe.experts},
                                    {"moe.shared_expert", moe.shared_expert},
                                    {"moe.feed_forward", moe.feed_forward},
                                    {"nope.xq", nope.xq},
                                    {"nope.xk", nope.xk},
                                    {"nope.temperature", nope.temperature},
                                    {"nope.xq_scaled", nope.xq_scaled},
                                    {"nope.attn_scores", nope.attended.attn_scores},
                                    {"nope.attn_weights", nope.attended.attn_weights},
                                    {"nope.attention", nope.attended.output}};
    tensors.insert(tensors.end(), of_layers.begin(), of_layers.end());
}

}  // namespace

Choices::Choices() {
    const Config right = small_config();
    has_rope = [right](std::size_t layer) { return !contains(right.nope_layers, layer); };
    factor = [right](std::size_t position) {
        return temperature(position, 1, right.floor_scale, right.attn_scale)(0);
    };
    in_one_chunk = [chunk = *right.attention_chunk_size](std::size_t i, std::size_t j) {
        return i / chunk == j / chunk;
    };
    scores = [right](const Matrix& router_logits) {
        return torch::transpose(route(router_logits, right.top_k));
    };
}

NamedTensors tensors_with(const Choices& choices) {
    // The right model's random numbers, drawn in the way that the choice says.
    torch::Generator generator(walk_seed);
    const Config config = small_config();
    const Weights weights = choices.draw(generator, config);
    const Images images = random_images(generator);
    const Tokens tokens = small_text();
    const Tensor3 embeddings = embed(tokens, weights.tok_embeddings);
    const Model model(choices, weights);

    Caches caches = make_caches(config);
    const std::vector<Layer> layers = model.run(embeddings, caches, 0, choices.chunks_in_prefill);
    const Tensor3 norm = model.last_norm(layers.back().output);
    const Tensor3 logits = weights.output(norm);

    // One word more, with and without the chunk.
    const Tokens next = next_tokens(logits);
    const std::size_t start_pos = choices.steps.step_at_start ? 0 : tokens.shape(1);
    Caches of_no_chunk = caches;
    const Tensor3 h = embed(next, weights.tok_embeddings);
    const std::vector<Layer> step = model.run(h, caches, start_pos, choices.chunks_in_decode);
    const std::vector<Layer> no_chunk = model.run(h, of_no_chunk, start_pos, false);

    Images placed = images;
    if (choices.image_mask_inverted) placed.mask = !images.mask;
    NamedTensors tensors = {{"tokens", tokens}, {"embeddings", embeddings}};
    add_layer_0(tensors, layers[0]);
    add_layers_1_and_3(tensors, layers[1], layers[3]);
    const NamedTensors of_model = {
        {"norm", norm},
        {"logits", logits},
        {"next_token", next},
        {"step.logits", weights.output(model.last_norm(step.back().output))},
        {"step.attn_weights", step[0].attended.attn_weights},
        {"no_chunk.attn_weights", no_chunk[0].attended.attn_weights},
        {"no_chunk.logits", weights.output(model.last_norm(no_chunk.back().output))},
        {"image_mask", images.mask},
        {"vision_projection(image_embedding)", images.vision_projection(images.embedding)},
        {"merged", merge_images(embeddings, placed)}};
    tensors.insert(tensors.end(), of_model.begin(), of_model.end());

    // A step that a choice leaves out has no tensor.
    std::erase_if(tensors, [](const auto& named) { return named.second.size() == 0; });
    return tensors;
}

}  // namespace ch8
