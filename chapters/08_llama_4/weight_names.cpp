// Reads a model's weights under the names of either implementation. The reference's own code renames and
// splits some older tensors while it loads ("load hooks"); the same happens here.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "chapters/08_llama_4/model_files.hpp"
#include "common/files/file_error.hpp"

namespace ch8 {
namespace {

using Names = std::vector<std::string>;

constexpr const char* reference_words = "tok_embeddings.weight";
constexpr const char* hugging_face_words = "model.embed_tokens.weight";
constexpr const char* text_model = "language_model.";  // in a model that also has a vision tower

class ModelReader {
  public:
    ModelReader(WeightFile& file, const Config& config, const Llama4ModelConfig& model)
        : file_(file), config_(config), model_(model) {}

    NamedWeights read() {
        const std::size_t dim = config_.heads.dim, words = config_.vocab_size;
        find_naming();
        const std::string layers = is_reference_ ? "layers." : "model.layers.";
        check_layers(layers);

        Weights weights;
        weights.tok_embeddings =
            file_.matrix(one_of({reference_words, hugging_face_words}), words, dim, "(vocab_size, dim)");
        for (std::size_t layer = 0; layer < config_.n_layers; ++layer) {
            at_ = fmt::format("{}{}.", layers, layer);
            weights.layers.push_back(block(layer));
        }
        at_.clear();
        weights.norm = file_.vector(one_of({"norm.weight", "model.norm.weight"}), dim, "(dim)");
        weights.output.weight = model_.tied ? weights.tok_embeddings
                                            : file_.matrix(one_of({"output.weight", "lm_head.weight"}), words,
                                                           dim, "(vocab_size, dim)");
        const char* names = is_reference_ ? "the names of the reference" : "the names of Hugging Face";
        return {std::move(weights), file_.prefix().empty()
                                        ? fmt::format("under {}", names)
                                        : fmt::format("with the prefix {} before {}", file_.prefix(), names)};
    }

  private:
    // The name of the embeddings shows which implementation wrote the file.
    void find_naming() {
        if (file_.has(fmt::format("{}{}", text_model, hugging_face_words)) &&
            !file_.has(hugging_face_words)) {
            file_.lengthen_prefix(text_model);
        }
        is_reference_ = file_.has(reference_words);
        if (is_reference_ || file_.has(hugging_face_words)) return;
        throw FileError(
            file_.path(),
            fmt::format("has neither {0}{1} nor {0}{2}", file_.prefix(), reference_words, hugging_face_words),
            "--prefix says what the names begin with");
    }

    // The first of these names that the file has. If it has none, the one that is then reported missing: the
    // reference's name stands first, Hugging Face's last.
    [[nodiscard]] std::string one_of(const Names& names) const {
        const auto found = std::find_if(names.begin(), names.end(),
                                        [&](const std::string& name) { return file_.has(at_ + name); });
        if (found != names.end()) return at_ + *found;
        return at_ + (is_reference_ ? names.front() : names.back());
    }
    [[nodiscard]] bool has(const std::string& name) const { return file_.has(at_ + name); }

    // A file that ends before the last layer is half a model.
    void check_layers(const std::string& prefix) const {
        const std::string last = fmt::format("{}{}.", prefix, config_.n_layers - 1);
        if (file_.has_any(last)) return;
        throw FileError(file_.path(),
                        fmt::format("has no tensor whose name begins with {}{}", file_.prefix(), last),
                        fmt::format("the config says that there are {} layers", config_.n_layers));
    }

    BlockWeights block(std::size_t layer) {
        const std::size_t dim = config_.heads.dim;
        BlockWeights weights;
        weights.attention_norm = file_.vector(
            one_of({"attention_norm.weight", "attention.wqkv.layer_norm_weight", "input_layernorm.weight"}),
            dim, "(dim)");
        weights.attention = attention();
        weights.ffn_norm =
            file_.vector(one_of({"ffn_norm.weight", "feed_forward.mlp.layer_norm_weight",
                                 "feed_forward.norm.weight", "post_attention_layernorm.weight"}),
                         dim, "(dim)");
        if (contains(config_.moe_layers, layer)) {
            weights.feed_forward = experts();
        } else {
            weights.feed_forward = dense();
        }
        return weights;
    }

    ch2::Linear linear(const Names& names, std::size_t rows, std::size_t columns, const char* meaning) {
        const std::string weight = one_of(names);
        ch2::Linear layer{file_.matrix(weight, rows, columns, meaning), std::nullopt};
        const std::string bias = weight.substr(0, weight.rfind('.')) + ".bias";
        if (weight.ends_with(".weight") && file_.has(bias)) {
            layer.bias = file_.vector(bias, rows, "(rows of its weight)");
        }
        return layer;
    }

    ch5::Weights attention() {
        const ch5::Config& heads = config_.heads;
        const std::size_t dim = heads.dim, q_rows = heads.n_heads * heads.head_dim,
                          kv_rows = heads.kv_heads() * heads.head_dim;
        ch5::Weights weights;
        if (has("attention.wqkv.weight")) {
            // Fused: the rows of all query heads, then of all key heads, then of all value heads.
            const Matrix fused = file_.matrix(at_ + "attention.wqkv.weight", q_rows + 2 * kv_rows, dim,
                                              "((n_heads + 2 * n_kv_heads) * head_dim, dim)");
            weights.wq.weight = torch::narrow(fused, 0, 0, q_rows);
            weights.wk.weight = torch::narrow(fused, 0, q_rows, kv_rows);
            weights.wv.weight = torch::narrow(fused, 0, q_rows + kv_rows, kv_rows);
        } else {
            weights.wq = linear({"attention.wq.weight", "self_attn.q_proj.weight"}, q_rows, dim,
                                "(n_heads * head_dim, dim)");
            weights.wk = linear({"attention.wk.weight", "self_attn.k_proj.weight"}, kv_rows, dim,
                                "(n_kv_heads * head_dim, dim)");
            weights.wv = linear({"attention.wv.weight", "self_attn.v_proj.weight"}, kv_rows, dim,
                                "(n_kv_heads * head_dim, dim)");
        }
        weights.wo = linear({"attention.wo.weight", "self_attn.o_proj.weight"}, dim, q_rows,
                            "(dim, n_heads * head_dim)");
        check_bias(weights);
        return weights;
    }

    // What the config says of biases and what the file has must be the same.
    void check_bias(const ch5::Weights& weights) const {
        const bool any = weights.wq.bias || weights.wk.bias || weights.wv.bias || weights.wo.bias;
        if (model_.add_bias.value_or(any) == any) return;
        throw FileError(
            file_.path(),
            fmt::format("{}attention has {} bias, and the config says the opposite", at_, any ? "a" : "no"),
            "correct the config or the file");
    }

    FeedForward dense() {
        const std::size_t dim = config_.heads.dim, hidden = config_.hidden_dim;
        if (!has("feed_forward.mlp.fc1_weight")) return three("feed_forward.", hidden);
        // Fused: the rows of the gate, then of the values.
        const Matrix fused =
            file_.matrix(at_ + "feed_forward.mlp.fc1_weight", 2 * hidden, dim, "(2 * hidden_dim, dim)");
        FeedForward network;
        network.w1.weight = torch::narrow(fused, 0, 0, hidden);
        network.w3.weight = torch::narrow(fused, 0, hidden, hidden);
        network.w2 = linear({"feed_forward.mlp.fc2_weight"}, dim, hidden, "(dim, hidden_dim)");
        return network;
    }

    // The three matrices of a network at `place`, under any of their names.
    FeedForward three(const std::string& place, std::size_t hidden) {
        const std::size_t dim = config_.heads.dim;
        const auto named = [&](std::initializer_list<const char*> names) {
            Names all;
            for (const char* name : names) all.push_back(fmt::format("{}{}.weight", place, name));
            return all;
        };
        FeedForward network;
        network.w1 = linear(named({"w1", "w_gate", "gate_proj"}), hidden, dim, "(hidden_dim, dim)");
        network.w3 = linear(named({"w3", "w_value", "up_proj"}), hidden, dim, "(hidden_dim, dim)");
        network.w2 = linear(named({"w2", "w_out", "down_proj"}), dim, hidden, "(dim, hidden_dim)");
        return network;
    }

    MoeWeights experts() {
        const std::size_t dim = config_.heads.dim, count = config_.num_experts;
        MoeWeights weights;
        if (is_reference_) {
            const Matrix router =
                file_.matrix(at_ + "feed_forward.router_DE", dim, count, "(dim, num_experts)");
            weights.router.weight = torch::transpose(router);
            weights.experts = separate_experts();
        } else {
            weights.router = linear({"feed_forward.router.weight"}, count, dim, "(num_experts, dim)");
            weights.experts = fused_experts();
        }
        weights.shared_expert = shared_expert();
        return weights;
    }

    FeedForward shared_expert() {
        const std::size_t dim = config_.heads.dim, hidden = config_.expert_dim;
        if (!has("feed_forward.w_in_shared_FD.weight")) return three("feed_forward.shared_expert.", hidden);
        FeedForward shared;
        shared.w1 = linear({"feed_forward.w_in_shared_FD.weight"}, hidden, dim, "(expert_dim, dim)");
        shared.w3 = linear({"feed_forward.w_swiglu_FD.weight"}, hidden, dim, "(expert_dim, dim)");
        shared.w2 = linear({"feed_forward.w_out_shared_DF.weight"}, dim, hidden, "(dim, expert_dim)");
        return shared;
    }

    // The matrices of all experts in one tensor. They are stored as (in, out), the transpose of a Linear's.
    Tensor3 of_all_experts(const char* name, const char* older, std::size_t rows, std::size_t columns) {
        const std::size_t count = config_.num_experts;
        if (!has(older)) {
            return file_.tensor3(at_ + name, {count, rows, columns}, "one matrix (in, out) for each expert");
        }
        const Matrix tall =
            file_.matrix(at_ + older, count * rows, columns, "(num_experts * in, out), expert after expert");
        return torch::view<3>(tall, {count, rows, columns});
    }

    std::vector<FeedForward> separate_experts() {
        const std::size_t dim = config_.heads.dim, hidden = config_.expert_dim;
        const Tensor3 w1 = of_all_experts("feed_forward.experts.w1", "feed_forward.experts.moe_w_in_eD_F",
                                          dim, hidden),
                      w2 = of_all_experts("feed_forward.experts.w2", "feed_forward.experts.moe_w_out_eF_D",
                                          hidden, dim),
                      w3 = of_all_experts("feed_forward.experts.w3", "feed_forward.experts.moe_w_swiglu_eD_F",
                                          dim, hidden);
        std::vector<FeedForward> experts(config_.num_experts);
        for (std::size_t e = 0; e < experts.size(); ++e) {
            experts[e].w1.weight = torch::transpose(torch::select(w1, e));
            experts[e].w2.weight = torch::transpose(torch::select(w2, e));
            experts[e].w3.weight = torch::transpose(torch::select(w3, e));
        }
        return experts;
    }

    // Hugging Face: the columns of the gate, then of the values.
    std::vector<FeedForward> fused_experts() {
        const std::size_t dim = config_.heads.dim, hidden = config_.expert_dim, count = config_.num_experts;
        const Tensor3 gate_up = file_.tensor3(at_ + "feed_forward.experts.gate_up_proj",
                                              {count, dim, 2 * hidden}, "(num_experts, dim, 2 * expert_dim)");
        const Tensor3 down = file_.tensor3(at_ + "feed_forward.experts.down_proj", {count, hidden, dim},
                                           "(num_experts, expert_dim, dim)");
        std::vector<FeedForward> experts(count);
        for (std::size_t e = 0; e < count; ++e) {
            const Matrix rows = torch::transpose(torch::select(gate_up, e));
            experts[e].w1.weight = torch::narrow(rows, 0, 0, hidden);
            experts[e].w3.weight = torch::narrow(rows, 0, hidden, hidden);
            experts[e].w2.weight = torch::transpose(torch::select(down, e));
        }
        return experts;
    }

    WeightFile& file_;
    const Config& config_;
    const Llama4ModelConfig& model_;
    bool is_reference_ = true;
    std::string at_;  // what the names of the present layer begin with
};

}  // namespace

NamedWeights read_weights(WeightFile& file, const Config& config, const Llama4ModelConfig& model) {
    return ModelReader(file, config, model).read();
}

}  // namespace ch8
