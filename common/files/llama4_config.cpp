#include "common/files/llama4_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/files/field_policy.hpp"
#include "common/files/json_fields.hpp"
#include "common/files/known_fields.hpp"
#include "common/files/rope_fields.hpp"

namespace {

using nlohmann::json;

// --- which of the two kinds of file it is

// What other decoders have, and Llama 4 does not: the field must be absent or have this value.
struct Foreign {
    const char* name;
    json neutral;
};

void refuse_other_models(const Fields& fields) {
    const Foreign foreign[] = {
        {"hidden_act", "silu"},          {"hidden_activation", "silu"}, {"mlp_bias", false},
        {"embedding_multiplier", 1.0},   {"logit_scale", 1.0},          {"logits_scaling", 1.0},
        {"residual_multiplier", 1.0},    {"quantization_args", {}},     {"lora_args", {}},
        {"final_logit_softcapping", {}}, {"n_routed_experts", {}},      {"num_experts", {}},
        {"moe_intermediate_size", {}},   {"first_k_dense_replace", {}}, {"n_shared_experts", {}},
        {"mlp_only_layers", {}},         {"decoder_sparse_step", {}},   {"routed_scaling_factor", {}},
    };
    for (const auto& [name, neutral] : foreign) {
        const auto found = fields.find({name});
        if (found && found->value != neutral) {
            fields.refuse(fmt::format("{}: a model of Llama 4 has no such part", told(*found)),
                          "take it out if it changes nothing");
        }
    }
}

// A name of the other kind of file would say the same thing twice, or nothing.
void refuse_names(const Fields& fields, std::initializer_list<const char*> names, const char* kind) {
    for (const char* name : names) {
        const auto found = fields.find({name});
        if (found)
            fields.refuse(fmt::format("{}: a name of {}", told(*found), kind), "use one kind of names");
    }
}

// --- which layers are of which kind

// The last of each `interval` layers, counted from 0: with 4 these are layers 3, 7, 11 ...
std::vector<std::size_t> every(std::size_t interval, std::size_t n_layers) {
    std::vector<std::size_t> layers;
    for (std::size_t layer = interval - 1; layer < n_layers; layer += interval) layers.push_back(layer);
    return layers;
}

// One entry for each layer; those count that have the value `counted`, and all others must have `other`.
std::vector<std::size_t> marked(const Fields& fields, const Fields::Found& list, std::size_t n_layers,
                                const json& counted, const json& other) {
    if (!list.value.is_array() || list.value.size() != n_layers) {
        fields.refuse(fmt::format("{} is no list of {} entries", list.name, n_layers),
                      "it has one entry for each layer");
    }
    std::vector<std::size_t> layers;
    for (std::size_t layer = 0; layer < n_layers; ++layer) {
        const json& value = list.value[layer];
        if (value == counted) layers.push_back(layer);
        if (value != counted && value != other) {
            fields.refuse(fmt::format("{} has {:.40} for layer {}", list.name, value.dump(), layer),
                          fmt::format("it must be {} or {}", counted.dump(), other.dump()));
        }
    }
    return layers;
}

// A list of layers' numbers.
std::vector<std::size_t> numbers(const Fields& fields, const Fields::Found& list, std::size_t n_layers) {
    std::vector<std::size_t> layers;
    const auto is_layer = [&](const json& value) { return value.is_number_unsigned() && value < n_layers; };
    if (!list.value.is_array() || !std::all_of(list.value.begin(), list.value.end(), is_layer)) {
        fields.wrong(list, fmt::format("a list of layers, 0 to {}", n_layers - 1));
    }
    for (const json& value : list.value) {
        const auto layer = value.get<std::size_t>();
        if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
    }
    return layers;
}

// --- what both kinds of file have

// Published files have 4 where they mean true.
bool is_on(const Fields& fields, const char* name) {
    const auto found = fields.find({name});
    if (!found) return false;
    if (found->value.is_number_unsigned()) return found->value != json(0U);
    return *fields.flag({name});
}

std::size_t read_n_layers(const Fields& fields) {
    const std::size_t n_layers = fields.needed_size({"n_layers", "num_hidden_layers"});
    constexpr std::size_t most = 10000;
    if (n_layers > most) {
        fields.refuse(fmt::format("the model has {} layers", n_layers),
                      fmt::format("this program runs up to {}", most));
    }
    return n_layers;
}

std::size_t read_head_dim(const Fields& fields, const Llama4ModelConfig& config) {
    const std::optional<std::size_t> given = fields.size({"head_dim"});
    if (!given && config.dim % config.n_heads != 0) {
        fields.refuse(fmt::format("dim {} is no multiple of n_heads {}", config.dim, config.n_heads),
                      "change one of them, or give head_dim");
    }
    return given.value_or(config.dim / config.n_heads);
}

void read_both(const Fields& fields, Llama4ModelConfig& config) {
    config.dim = fields.needed_size({"dim", "hidden_size"});
    config.n_layers = read_n_layers(fields);
    config.n_heads = fields.needed_size({"n_heads", "num_attention_heads"});
    config.n_kv_heads = fields.size({"n_kv_heads", "num_key_value_heads"});
    config.head_dim = read_head_dim(fields, config);
    config.vocab_size = fields.needed_size({"vocab_size"});
    fields.read({"norm_eps", "rms_norm_eps"}, config.norm_eps);
    config.max_batch_size = fields.size({"max_batch_size"});
    config.max_seq_len = fields.size({"max_seq_len", "max_position_embeddings"});
    config.add_bias = fields.flag({"add_bias", "attention_bias"});
    config.tied = fields.flag({"tie_word_embeddings"}).value_or(false);
    config.attention_chunk_size = fields.size({"attention_chunk_size"});
    config.use_qk_norm = fields.flag({"use_qk_norm"}).value_or(false);
    config.attn_temperature_tuning = is_on(fields, "attn_temperature_tuning");
    fields.read({"floor_scale"}, config.floor_scale);
    fields.read_from_zero({"attn_scale"}, config.attn_scale);
    fields.read({"rope_theta"}, config.rope_theta);
}

// --- the reference's params.json

void read_moe_args(const std::string& path, const Fields& fields, Llama4ModelConfig& config) {
    const auto found = fields.find({"moe_args"});
    if (!found) return;
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields moe(path, found->value);
    config.num_experts = moe.needed_size({"num_experts"});
    config.top_k = moe.size({"top_k"}).value_or(1);
    config.moe_layers = every(moe.size({"interleave_moe_layer_step"}).value_or(1), config.n_layers);
    double capacity_factor = 1.0;
    moe.read_from_zero({"capacity_factor"}, capacity_factor);
    config.capacity = moe.flag({"auto_scale_F"}).value_or(true) ? capacity_factor + 1.0 : 1.0;
    for (const Fields::Found& other : moe.unread()) {
        moe.refuse(fmt::format("{}: not understood among moe_args", told(other)),
                   "take it out if it changes nothing");
    }
}

void read_reference(const std::string& path, const Fields& fields, Llama4ModelConfig& config) {
    refuse_names(fields,
                 {"intermediate_size", "intermediate_size_mlp", "num_local_experts", "num_experts_per_tok",
                  "interleave_moe_layer_step", "moe_layers", "no_rope_layers", "layer_types", "rope_scaling"},
                 "Hugging Face's files");
    if (config.head_dim != config.dim / config.n_heads) {
        fields.refuse(fmt::format("head_dim is {}, and dim / n_heads is {}", config.head_dim,
                                  config.dim / config.n_heads),
                      "the reference does not read head_dim: take it out, or correct it");
    }
    config.multiple_of = fields.size({"multiple_of"}).value_or(config.multiple_of);
    fields.read({"ffn_dim_multiplier"}, config.ffn_dim_multiplier);
    fields.read({"ffn_exp"}, config.ffn_exp);
    read_moe_args(path, fields, config);

    const std::optional<std::size_t> interval = fields.size({"nope_layer_interval"});
    if (interval) config.nope_layers = every(*interval, config.n_layers);
    config.global_layers = config.nope_layers;

    // Scout's params.json says only that it scales; the reference knows the numbers.
    double factor = 16.0, high_freq_factor = 1.0;
    fields.read({"rope_scaling_factor"}, factor);
    fields.read({"rope_high_freq_factor"}, high_freq_factor);
    if (fields.flag({"use_scaled_rope"}) == true) {
        config.rope_scaling =
            RopeScaling{.type = "llama3", .factor = factor, .high_freq_factor = high_freq_factor};
    }
    const auto vision = fields.find({"vision_args"});
    if (vision && !vision->value.is_object()) fields.wrong(*vision, "an object");
}

// --- Hugging Face's config.json

void read_hugging_face_rope(const std::string& path, const Fields& fields, Llama4ModelConfig& config) {
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) return;
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields rope(path, found->value);
    read_theta_inside(fields, rope, config.rope_theta);
    const std::optional<std::string> type = rope.text({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    if (*type == "llama3") {
        config.rope_scaling = read_rope_scaling(rope, *type, 0);
    } else if (*type != "default") {
        rope.refuse(fmt::format("rope_type is {:.40}", *type), "it must be llama3 or default");
    }
    refuse_unread(rope);
}

// no_rope_layers: 1 marks a layer that has RoPE, whatever the name says.
void read_kinds_of_layers(const Fields& fields, Llama4ModelConfig& config) {
    const std::size_t interval = fields.size({"no_rope_layer_interval"}).value_or(4);
    config.nope_layers = every(interval, config.n_layers);
    const auto no_rope = fields.find({"no_rope_layers"});
    if (no_rope && no_rope->value != json::array()) {
        config.nope_layers = marked(fields, *no_rope, config.n_layers, 0, 1);
    }
    config.global_layers = config.nope_layers;
    if (const auto types = fields.find({"layer_types"})) {
        config.global_layers = marked(fields, *types, config.n_layers, "full_attention", "chunked_attention");
        if (config.global_layers.size() < config.n_layers && !config.attention_chunk_size) {
            fields.refuse("layer_types has chunked_attention, and there is no attention_chunk_size",
                          "add it");
        }
    }
    const std::size_t step = fields.size({"interleave_moe_layer_step"}).value_or(1);
    const auto listed = fields.find({"moe_layers"});
    config.moe_layers = listed ? numbers(fields, *listed, config.n_layers) : every(step, config.n_layers);
}

void read_hugging_face(const std::string& path, const Fields& fields, Llama4ModelConfig& config) {
    refuse_names(fields,
                 {"multiple_of", "ffn_dim_multiplier", "ffn_exp", "moe_args", "nope_layer_interval",
                  "use_scaled_rope", "rope_scaling_factor", "rope_high_freq_factor"},
                 "the reference's files");
    read_kinds_of_layers(fields, config);
    config.widths = {fields.needed_size({"intermediate_size_mlp"}),
                     fields.needed_size({"intermediate_size"})};
    config.num_experts = fields.needed_size({"num_local_experts"});
    config.top_k = fields.needed_size({"num_experts_per_tok"});
    read_hugging_face_rope(path, fields, config);
}

// --- both

void check(const Fields& fields, const Llama4ModelConfig& config) {
    const std::size_t n_kv_heads = config.n_kv_heads.value_or(config.n_heads);
    if (config.n_heads % n_kv_heads != 0) {
        fields.refuse(fmt::format("n_heads {} is no multiple of n_kv_heads {}", config.n_heads, n_kv_heads),
                      "each key/value head serves as many query heads as any other");
    }
    if (!config.moe_layers.empty() && config.top_k > config.num_experts) {
        fields.refuse(fmt::format("{} experts for each token, of {}", config.top_k, config.num_experts),
                      "a token cannot use more experts than there are");
    }
    if (config.nope_layers.size() < config.n_layers && config.head_dim % 2 != 0) {
        fields.refuse(fmt::format("head_dim is {}", config.head_dim),
                      "it must be even: rotary embeddings rotate pairs");
    }
}

Llama4ModelConfig read_text_config(const std::string& path, const json& object) {
    const Fields fields(path, object);
    check_model_type(fields, {"llama4", "llama4_text"});
    refuse_other_models(fields);
    Llama4ModelConfig config;
    read_both(fields, config);
    if (fields.find({"hidden_size"})) {
        read_hugging_face(path, fields, config);
    } else {
        read_reference(path, fields, config);
    }
    check(fields, config);
    config.ignored = settle_unread(fields);
    return config;
}

// What transformers takes for the text model where its config is silent.
json with_defaults(json object) {
    const json& silent = defaults_of("llama4_text");
    object.insert(silent.begin(), silent.end());
    return object;
}

}  // namespace

Llama4ModelConfig read_llama4_config(const std::string& path) {
    const json object = read_config_object(path);
    const Fields outer(path, object);
    const auto text = outer.find({"text_config"});
    if (!text) return read_text_config(path, object.contains("hidden_size") ? with_defaults(object) : object);

    // Beside it are the vision tower, whose output is given, and numbers of special tokens.
    if (!text->value.is_object()) outer.wrong(*text, "an object");
    check_model_type(outer, {"llama4"});
    const auto vision = outer.find({"vision_config"});
    if (vision && !vision->value.is_object()) outer.wrong(*vision, "an object");
    Llama4ModelConfig config = read_text_config(path, with_defaults(text->value));
    config.tied = config.tied || outer.flag({"tie_word_embeddings"}).value_or(false);
    for (const std::string& name : settle_unread(outer)) config.ignored.push_back(name);
    return config;
}
