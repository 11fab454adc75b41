// The models, a row for each model_type: which of a config's fields make which choice, and where the tensors
// lie. A row has names, defaults and rules; it computes nothing. To add a model, add a row in models.cpp.
#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chapters/09_every_model/recipe.hpp"
#include "common/files/json_fields.hpp"

namespace ch9 {

// The names of tensors. {} is the layer's number. The names of a layer's parts follow `layer`, the names of
// its attention's parts follow `layer` and `attention`.
struct TensorNames {
    std::string layer = "layers.{}.", attention = "self_attn.";
    std::string q = "q_proj", k = "k_proj", v = "v_proj", qkv = "", o = "o_proj";
    std::string q_norm = "q_norm", k_norm = "k_norm";  // with {} for the head: one tensor for each head
    std::string sinks = "sinks";
    std::string distance_bias = "";        // not in the layer: all layers share that of layer 0
    std::string norm = "input_layernorm";  // before the attention; empty: there is none
    std::string words = "embed_tokens";    // the embedding
    std::string positions = "", types = "", words_norm = "";  // what else makes an embedding; empty: nothing
    std::vector<std::string> no_weights = {};  // tensors in the attention that only repeat the config
};

// Biases: of queries, keys and values, and of the output projection.
struct BiasRule {
    const char* field =
        "attention_bias";  // the field that switches them; nullptr: the model always has `value`
    bool value = false;
    bool on_output = true;  // whether they include the output projection
};

struct QkNormRule {
    QkNorm::Over over = QkNorm::Over::head;
    const char* field = nullptr;  // the field that switches it; nullptr: the model always has it
};

struct RopeRule {
    Rope::Pairs pairs = Rope::Pairs::halves;
    const char* theta = "rope_theta";
    const char* share = nullptr;  // the field with the part of a head that is rotated; nullptr: all of it
    const char* local_theta = nullptr;  // the theta of layers with a window; they have no scaling
    bool has_no_rope_layers = false;    // no_rope_layers: 0 marks a layer without RoPE
    bool su_is_longrope = false;        // older files of Phi-3 say su or yarn for what is longrope today
};

enum class Scale {
    of_head_dim,            // 1/sqrt(head_dim)
    query_pre_attn_scalar,  // 1/sqrt(of this field): Gemma 2 and 3
    attention_multiplier,   // this field: Granite
    attn_config,            // softmax_scale in this object, or 1/sqrt(head_dim): MPT
    gpt2,                   // 1/sqrt(head_dim), and two switches
    none                    // 1: T5
};

// Layers of one model may be of several kinds.
enum class LayerKind { full, sliding, linear };

struct LayerRule {
    // The kind of a layer where layer_types does not say it.
    LayerKind (*kind)(const Fields& fields, std::size_t layer,
                      bool has_rope) = [](const Fields&, std::size_t, bool) { return LayerKind::full; };
    const char* told_by = "";             // the field that this rule reads, if any
    bool has_layer_types = false;         // whether layer_types decides
    const char* window_switch = nullptr;  // use_sliding_window
};

struct EmbeddingRule {
    bool times_sqrt_dim = false;       // Gemma
    const char* multiplier = nullptr;  // Granite: embedding_multiplier
};

struct Model {
    std::string type;
    nlohmann::json defaults = nlohmann::json::object();  // of transformers 4.57, where the config is silent
    TensorNames names = {};
    bool decoder = false;       // the row of the decoder, of a model with an encoder too
    bool grouped = true;        // reads num_key_value_heads
    bool free_head_dim = true;  // reads head_dim
    Projections projections = Projections::separate;
    bool conv1d = false, output_gate = false;
    BiasRule bias = {};
    std::optional<QkNormRule> qk_norm = {};
    Norm::Kind norm = Norm::Kind::rms;  // of all norms of the model
    bool one_plus_weight = false, norm_bias = false;
    std::optional<RopeRule> rope = RopeRule{};
    bool alibi = false, distance_bias = false;
    Scale scale = Scale::of_head_dim;
    bool soft_cap = false;  // reads attn_logit_softcapping
    LayerRule layers = {};
    bool causal = true, sinks = false;
    EmbeddingRule embedding = {};
    std::vector<const char*> no_effect = {};  // fields that change nothing here, whatever their values
    // Fields of which this chapter runs one value.
    std::vector<std::pair<const char*, nlohmann::json>> fixed = {};
};

// The row of a model_type, or nullptr. The decoder of a model with an encoder and a decoder has a row of its
// own.
const Model* find_model(const std::string& type, bool decoder = false);

const std::vector<Model>& models();

}  // namespace ch9
