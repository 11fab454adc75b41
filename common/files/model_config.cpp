#include "common/files/model_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "common/files/field_policy.hpp"
#include "common/files/json_fields.hpp"
#include "common/files/rope_fields.hpp"

namespace {

// Given as such, as a ratio of two (where neither is 0), or left to the factor.
double read_attention_factor(const Fields& rope, double factor) {
    double mscale = 0.0, mscale_all_dim = 0.0, given = 0.0;
    rope.read_from_zero({"mscale"}, mscale);
    rope.read_from_zero({"mscale_all_dim"}, mscale_all_dim);
    rope.read({"attention_factor"}, given);
    if (given > 0.0) return given;
    if (mscale > 0.0 && mscale_all_dim > 0.0) {
        return yarn_mscale(factor, mscale) / yarn_mscale(factor, mscale_all_dim);
    }
    return yarn_mscale(factor, 1.0);
}

// A field without which a scaling means nothing.
double needed(const Fields& rope, const char* name) {
    double value = 0.0;
    rope.read({name}, value);
    if (value == 0.0) rope.refuse(fmt::format("rope scaling has no field {}", name), "add it");
    return value;
}

}  // namespace

RopeScaling read_rope_scaling(const Fields& rope, const std::string& type, std::size_t trained) {
    const std::optional<std::size_t> original = rope.size({"original_max_position_embeddings"});
    RopeScaling scaling;
    scaling.type = type;
    scaling.factor = needed(rope, "factor");
    scaling.original_max_seq_len = original.value_or(trained);
    if (type == "llama3") {
        scaling.low_freq_factor = needed(rope, "low_freq_factor");
        scaling.high_freq_factor = needed(rope, "high_freq_factor");
        if (!original) rope.refuse("rope scaling has no field original_max_position_embeddings", "add it");
        if (scaling.high_freq_factor < scaling.low_freq_factor) {
            rope.refuse(fmt::format("high_freq_factor {} is below low_freq_factor {}",
                                    scaling.high_freq_factor, scaling.low_freq_factor),
                        "exchange them");
        }
    }
    if (type == "yarn") {
        rope.read({"beta_fast"}, scaling.beta_fast);
        rope.read({"beta_slow"}, scaling.beta_slow);
        scaling.truncate = rope.flag({"truncate"}).value_or(true);
        scaling.attention_factor = read_attention_factor(rope, scaling.factor);
    }
    return scaling;
}

namespace {

// Where an object of objects says it for each type of layer.
bool is_by_layer_type(const nlohmann::json& rope) {
    return !rope.empty() &&
           std::all_of(rope.begin(), rope.end(), [](const auto& value) { return value.is_object(); });
}

// `trained` is the length of texts in training. Hugging Face's object is rope_scaling or, in newer files,
// rope_parameters, which holds rope_theta too.
void read_rope(const std::string& path, const Fields& fields, std::size_t trained, ModelConfig& config) {
    fields.read({"rope_theta"}, config.rope_theta);
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) {
        // Llama 3.1's params.json says only that it scales; its code knows the numbers.
        if (fields.flag({"use_scaled_rope"}) == true)
            config.rope_scaling = RopeScaling{.type = "llama3", .factor = 8};
        return;
    }
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    if (is_by_layer_type(found->value)) {
        fields.refuse(fmt::format("{} differs by the type of a layer", found->name),
                      "leave the object of your layer's type; chapter 9 reads all of them");
    }
    const Fields rope(path, found->value);
    read_theta_inside(fields, rope, config.rope_theta);

    const auto type = rope.find({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    const std::string name = type->value.is_string() ? type->value.get<std::string>() : "";
    constexpr std::array<std::string_view, 4> known = {"linear", "ntk", "llama3", "yarn"};
    if (name == "dynamic") {
        // Within the length of training it changes nothing.
        const std::size_t original = rope.size({"original_max_position_embeddings"}).value_or(trained);
        needed(rope, "factor");
        config.limits.push_back(
            {original, "its rope scaling is dynamic, which changes theta beyond them; chapter 9 runs it"});
    } else if (std::find(known.begin(), known.end(), name) != known.end()) {
        config.rope_scaling = read_rope_scaling(rope, name, trained);
        if (name == "yarn") check_yarn_theta(fields, config.rope_theta);
    } else if (name == "longrope") {
        rope.refuse(fmt::format("{}: a text's length chooses its frequencies", told(*type)),
                    "chapter 9 runs it");
    } else if (name != "default") {
        rope.wrong(*type, "linear, ntk, llama3, yarn, dynamic or default");
    }
    refuse_unread(rope);
}

// A window of w keys, including the query's own. Source: Hugging Face's Mistral and Qwen2. A text that fits
// into the window needs only the causal mask.
void read_window(const Fields& fields, ModelConfig& config) {
    const bool is_used = fields.flag({"use_sliding_window"}).value_or(true);
    const std::optional<std::size_t> window = fields.size({"sliding_window"});
    if (window && is_used) {
        config.limits.push_back(
            {*window,
             fmt::format("sliding_window is {}, and there is no window here; chapter 9 has one", *window)});
    }

    const auto types = fields.find({"layer_types"});
    if (!types) return;
    if (!types->value.is_array()) fields.wrong(*types, "a list");
    for (const nlohmann::json& type : types->value) {
        const bool is_sliding = type == nlohmann::json("sliding_attention") && window && is_used;
        if (type != nlohmann::json("full_attention") && !is_sliding) {
            fields.wrong(*types, "full_attention in each place, or sliding_attention with a sliding_window");
        }
    }
}

// Fields with a softmax scale are accepted if the scale is 1/sqrt(head_dim).
void check_scale(const Fields& fields, std::size_t head_dim) {
    const auto width = static_cast<double>(head_dim);
    const auto expect = [&](const char* name, double wanted) {
        const std::optional<double> value = fields.number({name});
        if (!value || std::abs(*value - wanted) <= 1e-6 * wanted) return;
        fields.refuse(
            fmt::format("{} is {}: scores are scaled by another number than 1/sqrt(head_dim), for which it "
                        "would be {}",
                        name, *value, wanted),
            "chapter 9 runs it");
    };
    expect("query_pre_attn_scalar", width);
    expect("attention_multiplier", 1.0 / std::sqrt(width));
}

void check(const Fields& fields, const ModelConfig& config) {
    if (!config.head_dim && config.dim % config.n_heads != 0) {
        fields.refuse(fmt::format("dim {} is no multiple of n_heads {}", config.dim, config.n_heads),
                      "change one of them, or give head_dim");
    }
    const std::size_t n_kv_heads = config.n_kv_heads.value_or(config.n_heads);
    if (config.n_heads % n_kv_heads != 0) {
        fields.refuse(fmt::format("n_heads {} is no multiple of n_kv_heads {}", config.n_heads, n_kv_heads),
                      "each key/value head serves as many query heads as any other");
    }
}

}  // namespace

ModelConfig read_model_config(const std::string& path) {
    const nlohmann::json object = read_config_object(path);
    const Fields fields(path, object);
    check_model_type(fields, {"llama", "mistral", "mixtral", "qwen2", "gemma", "granite"});

    ModelConfig config;
    config.dim = fields.needed_size({"dim", "hidden_size"});
    config.n_heads = fields.needed_size({"n_heads", "num_attention_heads"});
    config.n_kv_heads = fields.size({"n_kv_heads", "num_key_value_heads"});
    config.head_dim = fields.size({"head_dim"});
    config.max_batch_size = fields.size({"max_batch_size"});
    // The length of texts in training and the length of the cache. If one is missing, the other replaces it.
    const std::optional<std::size_t> trained = fields.size({"max_position_embeddings"});
    config.max_seq_len = fields.size({"max_seq_len"}).value_or(trained.value_or(config.max_seq_len));
    config.attention_bias = fields.flag({"attention_bias"});
    config.output_bias = fields.text({"model_type"}) != "qwen2";
    read_rope(path, fields, trained.value_or(config.max_seq_len), config);
    read_window(fields, config);
    check(fields, config);
    check_scale(fields, config.head_dim.value_or(config.dim / config.n_heads));
    config.ignored = settle_unread(fields);
    return config;
}
