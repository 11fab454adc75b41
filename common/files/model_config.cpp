#include "common/files/model_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "common/files/field_policy.hpp"
#include "common/files/json_fields.hpp"

namespace {

// How much YaRN enlarges a rotated vector. Source: Peng et al., "YaRN", as in Hugging Face's modules.
double enlargement(double factor, double mscale) {
    return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

// Given as such, as a ratio of two (where neither is 0), or left to the factor.
double read_attention_factor(const Fields& rope, double factor) {
    double mscale = 0.0, mscale_all_dim = 0.0, given = 0.0;
    rope.read_from_zero({"mscale"}, mscale);
    rope.read_from_zero({"mscale_all_dim"}, mscale_all_dim);
    rope.read({"attention_factor"}, given);
    if (given > 0.0) return given;
    if (mscale > 0.0 && mscale_all_dim > 0.0) {
        return enlargement(factor, mscale) / enlargement(factor, mscale_all_dim);
    }
    return enlargement(factor, 1.0);
}

RopeScaling read_rope_scaling(const Fields& fields, const std::string& type, std::size_t max_seq_len) {
    RopeScaling scaling;
    scaling.type = type;
    fields.read({"factor"}, scaling.factor);
    fields.read({"low_freq_factor"}, scaling.low_freq_factor);
    fields.read({"high_freq_factor"}, scaling.high_freq_factor);
    scaling.original_max_seq_len = fields.size({"original_max_position_embeddings"}).value_or(max_seq_len);
    fields.read({"beta_fast"}, scaling.beta_fast);
    fields.read({"beta_slow"}, scaling.beta_slow);
    if (type == "yarn") scaling.attention_factor = read_attention_factor(fields, scaling.factor);
    return scaling;
}

// Implementations disagree where the two ways to state yarn's factor do: some take the field, some the ratio.
void check_yarn_factor(const Fields& fields, const Fields& rope, const RopeScaling& scaling) {
    const std::optional<std::size_t> longest = fields.size({"max_position_embeddings"});
    if (scaling.type != "yarn" || !longest || !rope.find({"original_max_position_embeddings"})) return;
    const double ratio = static_cast<double>(*longest) / static_cast<double>(scaling.original_max_seq_len);
    if (std::abs(ratio - scaling.factor) <= 1e-6 * scaling.factor) return;
    fields.refuse(
        fmt::format("factor is {}, and max_position_embeddings / original_max_position_embeddings {}",
                    scaling.factor, ratio),
        "implementations take one or the other; make them equal");
}

// Hugging Face's object is rope_scaling or, in newer files, rope_parameters, which holds rope_theta too.
void read_rope(const std::string& path, const Fields& fields, ModelConfig& config) {
    fields.read({"rope_theta"}, config.rope_theta);
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) {
        // Llama 3.1's params.json says only that it scales; its code knows the numbers.
        const auto scaled = fields.find({"use_scaled_rope"});
        if (scaled && scaled->value == true) config.rope_scaling = RopeScaling{.type = "llama3", .factor = 8};
        return;
    }
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields rope(path, found->value);
    rope.read({"rope_theta"}, config.rope_theta);

    constexpr std::array<std::string_view, 4> known = {"linear", "ntk", "llama3", "yarn"};
    const auto type = rope.find({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    if (type->value == "default") return refuse_unread(rope);
    const std::optional<std::string> name =
        type->value.is_string() ? rope.text({type->name.c_str()}) : std::nullopt;
    if (!name || std::find(known.begin(), known.end(), *name) == known.end()) {
        rope.wrong(*type, "linear, ntk, llama3, yarn or default");
    }
    config.rope_scaling = read_rope_scaling(rope, *name, config.max_seq_len);
    check_yarn_factor(fields, rope, *config.rope_scaling);
    refuse_unread(rope);
}

// A window of w keys, the query's own included. Source: Hugging Face's Mistral and Qwen2.
void read_window(const Fields& fields, ModelConfig& config) {
    const bool is_used = fields.flag({"use_sliding_window"}).value_or(true);
    const std::optional<std::size_t> window = fields.size_from_zero({"sliding_window"});
    if (is_used) config.sliding_window = window;

    const auto types = fields.find({"layer_types"});
    if (!types) return;
    if (!types->value.is_array()) fields.wrong(*types, "a list");
    for (const nlohmann::json& type : types->value) {
        const bool is_full = type == nlohmann::json("full_attention");
        if (!is_full && !(type == nlohmann::json("sliding_attention") && config.sliding_window)) {
            fields.wrong(*types, "full_attention in each place, or sliding_attention with a sliding_window");
        }
    }
}

// Scales under names of their own are fine where they are 1/sqrt(head_dim).
void check_scale(const Fields& fields, std::size_t head_dim) {
    const auto width = static_cast<double>(head_dim);
    const auto expect = [&](const char* name, double wanted) {
        const auto found = fields.find({name});
        if (!found) return;
        const double value = found->value.is_number() ? found->value.get<double>() : 0.0;
        if (!(std::abs(value - wanted) <= 1e-6 * wanted)) {
            fields.wrong(*found, fmt::format("{}: this chapter's scale is 1/sqrt(head_dim)", wanted).c_str());
        }
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
    const nlohmann::json object = read_json_object(path);
    const Fields fields(path, object);
    check_model_type(fields, {"llama", "mistral", "mixtral", "qwen2", "gemma", "granite"});

    ModelConfig config;
    config.dim = fields.needed_size({"dim", "hidden_size"});
    config.n_heads = fields.needed_size({"n_heads", "num_attention_heads"});
    config.n_kv_heads = fields.size({"n_kv_heads", "num_key_value_heads"});
    config.head_dim = fields.size({"head_dim"});
    config.max_batch_size = fields.size({"max_batch_size"});
    const std::optional<std::size_t> positions = fields.size({"max_position_embeddings"});
    config.max_seq_len = fields.size({"max_seq_len"}).value_or(positions.value_or(config.max_seq_len));
    config.attention_bias = fields.flag({"attention_bias"});
    read_rope(path, fields, config);
    read_window(fields, config);
    check(fields, config);
    check_scale(fields, config.head_dim.value_or(config.dim / config.n_heads));
    config.ignored = settle_unread(fields);
    return config;
}
