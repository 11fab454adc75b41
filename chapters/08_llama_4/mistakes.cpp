#include "chapters/08_llama_4/mistakes.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/08_llama_4/choices.hpp"
#include "common/torch/random.hpp"

namespace ch8 {
namespace {

template <class Change>
std::function<NamedTensors()> changed(Change change) {
    return [change] {
        Choices choices;
        change(choices);
        return tensors_with(choices);
    };
}

// The output's weights before the layers' weights.
Weights output_first(torch::Generator& generator, const Config& config) {
    Weights weights;
    weights.tok_embeddings = torch::randn(generator, config.vocab_size, config.heads.dim);
    weights.output = ch2::random_linear(generator, config.heads.dim, config.vocab_size);
    for (std::size_t layer = 0; layer < config.n_layers; ++layer) {
        weights.layers.push_back(random_block(generator, config, layer));
    }
    weights.norm = xt::ones<float>({config.heads.dim});
    return weights;
}

// The scores of `route`, computed by another rule for each logit or row.
Matrix softmax_of_chosen(const Matrix& router_logits) {
    const Matrix chosen = torch::transpose(route(router_logits, 1));
    const Matrix softmax = ch1::softmax(router_logits);
    const Matrix scores = xt::where(chosen > 0.0f, softmax, 0.0f);
    return scores;
}
Matrix all_experts(const Matrix& router_logits) {
    return torch::transpose(route(router_logits, router_logits.shape(1)));
}
Matrix ones_for_chosen(const Matrix& router_logits) {
    const Matrix chosen = torch::transpose(route(router_logits, 1));
    const Matrix scores = xt::where(chosen > 0.0f, 1.0f, 0.0f);
    return scores;
}

float without_floor(std::size_t position) {
    return std::log(static_cast<float>(position + 1) / 2.0f + 1.0f) * 0.1f + 1.0f;
}
float floor_of_position(std::size_t position) {
    return std::log(std::floor(static_cast<float>(position) / 2.0f) + 1.0f) * 0.1f + 1.0f;
}
float without_last_one(std::size_t position) {
    return std::log(std::floor(static_cast<float>(position + 1) / 2.0f) + 1.0f) * 0.1f;
}

Mistakes mistakes_of_positions() {
    return {
        {"nope-counted-from-0",
         "layers 0, 4, 8 have no RoPE, but it is every fourth layer counted from 1: 3, 7, 11",
         "use_rope = (layer_id + 1) % nope_layer_interval != 0",
         changed([](Choices& c) { c.has_rope = [](std::size_t layer) { return layer % 4 != 0; }; })},
        {"rope-on-nope-layers", "the NoPE layer is rotated too", "rotate only where use_rope is True",
         changed([](Choices& c) { c.has_rope = [](std::size_t) { return true; }; })},
        {"rope-missing", "nothing is rotated", "rotate xq and xk in RoPE layers", changed([](Choices& c) {
             c.rotation = [](const Tensor4& x, const ch6::ComplexMatrix&, std::size_t) { return x; };
         })},
        {"rope-half-split", "the pairs are halves, (i, i + head_dim / 2), but the weights are for neighbours",
         "pair (2i, 2i + 1)", changed([](Choices& c) { c.rotation = ch6::rotate_half_split; })},
        {"rope-without-start-pos", "the next token is rotated as if it were at position 0",
         "freqs_cis[start_pos:start_pos + T]", changed([](Choices& c) {
             c.rotation = [](const Tensor4& x, const ch6::ComplexMatrix& table, std::size_t) {
                 return ch6::rotate(x, table, 0);
             };
         })},
        {"qk-norm-missing", "queries and keys are not normed", "rmsnorm(xq), rmsnorm(xk) in RoPE layers",
         changed([](Choices& c) { c.qk_norm = QkNorm::none; })},
        {"qk-norm-before-rope",
         "queries and keys are normed before they are rotated: without weights, the scores stay the same",
         "rotate first, then norm", changed([](Choices& c) { c.qk_norm = QkNorm::before_rope; })},
        {"qk-norm-over-all-heads", "the QK norm covers all heads together instead of each head",
         "norm over the last axis after the split into heads",
         changed([](Choices& c) { c.qk_norm = QkNorm::over_all_heads; })},
        {"qk-norm-on-nope-layers", "queries and keys of the NoPE layer are normed too",
         "use_qk_norm and use_rope", changed([](Choices& c) { c.qk_norm = QkNorm::on_every_layer; })},
    };
}

Mistakes mistakes_of_temperature() {
    return {
        {"temperature-missing", "the queries of the NoPE layer are not scaled",
         "xq * attn_scales in NoPE layers", changed([](Choices& c) { c.temperature_on_nope = false; })},
        {"temperature-on-rope-layers", "the queries of RoPE layers are scaled by the temperature too",
         "only in layers without RoPE", changed([](Choices& c) { c.temperature_on_rope = true; })},
        {"temperature-without-floor", "(position + 1) / floor_scale is not rounded down",
         "torch.log(torch.floor((position + 1) / floor_scale) + 1)",
         changed([](Choices& c) { c.factor = without_floor; })},
        {"temperature-floor-of-position", "the floor is taken of position / floor_scale, without + 1",
         "torch.floor((position + 1) / floor_scale)",
         changed([](Choices& c) { c.factor = floor_of_position; })},
        {"temperature-without-one", "the factor lacks the last + 1, so it is 0 for the first tokens",
         "torch.log(...) * attn_scale + 1", changed([](Choices& c) { c.factor = without_last_one; })},
        {"temperature-without-start-pos", "the position is counted from the beginning of the call",
         "torch.arange(start_pos, start_pos + T)",
         changed([](Choices& c) { c.temperature_from_call = true; })},
    };
}

Mistakes mistakes_of_chunks() {
    const auto chunk = [](std::function<bool(std::size_t, std::size_t)> rule) {
        return changed([=](Choices& c) { c.in_one_chunk = rule; });
    };
    return {
        {"chunk-missing", "there are no chunks: every layer sees the whole text",
         "the local mask in RoPE layers",
         changed([](Choices& c) { c.chunks_in_prefill = c.chunks_in_decode = false; })},
        {"chunk-ignored-in-decode", "a single new token has no mask, so it sees earlier chunks",
         "keys from start_pos // chunk * chunk on", changed([](Choices& c) { c.chunks_in_decode = false; })},
        {"chunk-off-by-one", "the chunks begin one token too early",
         "i // chunk == j // chunk, with positions from 0",
         chunk([](std::size_t i, std::size_t j) { return (i + 1) / 4 == (j + 1) / 4; })},
        {"chunk-as-window", "a sliding window of 4 keys instead of chunks", "i // chunk == j // chunk",
         chunk([](std::size_t i, std::size_t j) { return i < j + 4; })},
        {"chunk-on-nope-layers", "the NoPE layer has chunks too", "the global mask in NoPE layers",
         changed([](Choices& c) { c.chunks_everywhere = true; })},
    };
}

Mistakes mistakes_of_networks() {
    return {
        {"gate-and-up-swapped", "silu is applied to w3 x instead of w1 x", "silu(w1(x)) * w3(x)",
         changed([](Choices& c) { c.swaps_gate_and_up = true; })},
        {"silu-missing", "the gate has no silu", "silu(w1(x)) * w3(x)",
         changed([](Choices& c) { c.gated = [](const Matrix& gate) { return gate; }; })},
        {"sigmoid-instead-of-silu", "the gate is sigmoid(w1 x) instead of w1 x times its sigmoid",
         "silu(w1(x)) * w3(x)", changed([](Choices& c) {
             c.gated = [](const Matrix& gate) {
                 Matrix open = gate;
                 for (float& value : open) value = sigmoid(value);
                 return open;
             };
         })},
        {"router-softmax", "the scores are a softmax over all experts instead of a sigmoid",
         "torch.sigmoid of the top_k logits", changed([](Choices& c) { c.scores = softmax_of_chosen; })},
        {"router-without-top-k", "every token goes to all experts", "keep only the top_k logits",
         changed([](Choices& c) { c.scores = all_experts; })},
        {"router-without-score", "the chosen expert's input is not scaled", "expert(score * x)",
         changed([](Choices& c) { c.scores = ones_for_chosen; })},
        {"expert-output-scaled", "the score multiplies the expert's output instead of its input",
         "expert(score * x), not score * expert(x)", changed([](Choices& c) { c.scales_output = true; })},
        {"shared-expert-missing", "the shared expert's output is not added", "shared_expert(x) + experts",
         changed([](Choices& c) { c.has_shared_expert = false; })},
    };
}

Mistakes mistakes_of_the_model() {
    return {
        {"residual-after-norm", "the results are added to the normed tokens instead of the tokens",
         "h = x + attention(norm(x))", changed([](Choices& c) { c.residual_after_norm = true; })},
        {"ffn-norm-missing", "the feed-forward network reads h without its norm",
         "h + feed_forward(ffn_norm(h))", changed([](Choices& c) { c.has_ffn_norm = false; })},
        {"last-norm-missing", "the logits are computed without the last norm", "output(norm(h))",
         changed([](Choices& c) { c.has_last_norm = false; })},
        {"repeat-instead-of-repeat-interleave",
         "the key heads are repeated as a list (0, 1, 0, 1) instead of each in its place (0, 0, 1, 1)",
         "x.repeat_interleave(n_rep, dim=2), or repeat_kv",
         changed([](Choices& c) { c.steps.share = ch5::tile_kv; })},
        {"image-mask-inverted", "the image replaces the other words", "h * ~mask + projected * mask",
         changed([](Choices& c) { c.image_mask_inverted = true; })},
        {"construction-order", "output is constructed before the layers, so it draws its numbers first",
         "construct tok_embeddings, the layers, output in this order",
         changed([](Choices& c) { c.draw = output_first; })},
    };
}

}  // namespace

Mistakes mistakes() {
    Mistakes table;
    for (const Mistakes& more :
         {mistakes_of_positions(), mistakes_of_temperature(), mistakes_of_chunks(), mistakes_of_networks(),
          mistakes_of_the_model(), ch5::mistakes_in_steps([](const ch5::Steps& wrong) {
              Choices choices;
              choices.steps = wrong;
              return tensors_with(choices);
          })}) {
        table.insert(table.end(), more.begin(), more.end());
    }
    return table;
}

}  // namespace ch8
