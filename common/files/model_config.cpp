#include "common/files/model_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/files/json_fields.hpp"

namespace {

RopeScaling read_rope_scaling(const Fields& fields, const std::string& type, std::size_t max_seq_len) {
    RopeScaling scaling;
    scaling.type = type;
    fields.read({"factor"}, scaling.factor);
    fields.read({"low_freq_factor"}, scaling.low_freq_factor);
    fields.read({"high_freq_factor"}, scaling.high_freq_factor);
    scaling.original_max_seq_len = fields.size({"original_max_position_embeddings"}).value_or(max_seq_len);
    fields.read({"beta_fast"}, scaling.beta_fast);
    fields.read({"beta_slow"}, scaling.beta_slow);
    fields.read_from_zero({"mscale"}, scaling.mscale);
    return scaling;
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
    if (type->value == "default") return;
    if (std::find(known.begin(), known.end(), type->value) == known.end()) {
        rope.wrong(*type, "linear, ntk, llama3, yarn or default");
    }
    config.rope_scaling = read_rope_scaling(rope, type->value, config.max_seq_len);
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

    ModelConfig config;
    config.dim = fields.needed_size({"dim", "hidden_size"});
    config.n_heads = fields.needed_size({"n_heads", "num_attention_heads"});
    config.n_kv_heads = fields.size({"n_kv_heads", "num_key_value_heads"});
    config.head_dim = fields.size({"head_dim"});
    config.max_batch_size = fields.size({"max_batch_size"}).value_or(config.max_batch_size);
    config.max_seq_len = fields.size({"max_seq_len", "max_position_embeddings"}).value_or(config.max_seq_len);
    read_rope(path, fields, config);
    check(fields, config);
    return config;
}
