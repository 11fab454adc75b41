#include "common/files/latent_config.hpp"

#include <fmt/format.h>

#include "common/files/field_policy.hpp"
#include "common/files/json_fields.hpp"
#include "common/files/rope_fields.hpp"

namespace {

bool is_hugging_face(const Fields& fields) {
    return fields.find({"hidden_size"}).has_value();
}

// DeepSeek's own: YaRN where a text may be longer than in training.
std::optional<LatentYarn> read_flat_yarn(const Fields& fields, std::size_t max_seq_len) {
    LatentYarn yarn;
    yarn.original_max_seq_len = fields.size({"original_seq_len"}).value_or(yarn.original_max_seq_len);
    fields.read({"rope_factor"}, yarn.factor);
    fields.read({"beta_fast"}, yarn.beta_fast);
    fields.read({"beta_slow"}, yarn.beta_slow);
    fields.read_from_zero({"mscale"}, yarn.mscale);
    if (max_seq_len <= yarn.original_max_seq_len) return std::nullopt;
    return yarn;
}

// Hugging Face's: YaRN where the object says so. mscale_all_dim goes into the softmax scale; cos and sin take
// what mscale asks for beyond that.
LatentYarn read_yarn(const Fields& rope, std::size_t original) {
    LatentYarn yarn;
    double mscale = 1.0, mscale_all_dim = 0.0;
    rope.read({"factor"}, yarn.factor);
    rope.read({"beta_fast"}, yarn.beta_fast);
    rope.read({"beta_slow"}, yarn.beta_slow);
    rope.read_from_zero({"mscale"}, mscale);
    rope.read_from_zero({"mscale_all_dim"}, mscale_all_dim);
    yarn.original_max_seq_len = rope.size({"original_max_position_embeddings"}).value_or(original);
    yarn.mscale = mscale_all_dim;
    yarn.rotation_scale = yarn_mscale(yarn.factor, mscale) / yarn_mscale(yarn.factor, mscale_all_dim);
    return yarn;
}

// `trained` is the length of texts in training.
void read_rope(const std::string& path, const Fields& fields, std::size_t trained,
               LatentModelConfig& config) {
    fields.read({"rope_theta"}, config.rope_theta);
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) {
        if (!is_hugging_face(fields)) config.yarn = read_flat_yarn(fields, config.max_seq_len);
        return;
    }
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields rope(path, found->value);
    read_theta_inside(fields, rope, config.rope_theta);

    const auto type = rope.find({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    if (type->value == nlohmann::json("yarn")) {
        if (!rope.find({"factor"}))
            fields.refuse(fmt::format("{} has no field factor", found->name), "add it");
        config.yarn = read_yarn(rope, trained);
    } else if (type->value != nlohmann::json("default")) {
        rope.wrong(*type, "yarn or default");
    }
    refuse_unread(rope);
}

// A size that follows from others: a file that says something else means another layer.
void check_size(const Fields& fields, const char* name, std::size_t follows) {
    const std::optional<std::size_t> given = fields.size({name});
    if (given && *given != follows) {
        fields.refuse(fmt::format("{} is {}", name, *given),
                      fmt::format("the other fields make it {}", follows));
    }
}

// What other layers with these names do, and chapter 7 does not.
void check(const Fields& fields, const LatentModelConfig& config) {
    if (fields.flag({"rope_interleave"}) == false) {
        fields.refuse("rope_interleave is false", "it must be true: rotary pairs are neighbours here");
    }
    if (fields.flag({"attention_bias"}) == true) {
        fields.refuse("attention_bias is true", "it must be false: projections have no bias here");
    }
    check_size(fields, "num_key_value_heads", config.n_heads);
    check_size(fields, "head_dim", config.qk_rope_head_dim);
    check_size(fields, "qk_head_dim", config.qk_nope_head_dim + config.qk_rope_head_dim);
}

// FP8 as DeepSeek stores it: E4M3, with a scale for each block of 128 x 128.
void check_quantization(const std::string& path, const Fields& fields) {
    const auto found = fields.find({"quantization_config"});
    if (!found) return;
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields quantization(path, found->value);
    const auto method = quantization.find({"quant_method"});
    if (!method || method->value != nlohmann::json("fp8")) fields.wrong(*found, "of quant_method fp8");
    const auto block = quantization.find({"weight_block_size"});
    if (block && block->value != nlohmann::json({128, 128})) quantization.wrong(*block, "[128,128]");
}

}  // namespace

LatentModelConfig read_latent_config(const std::string& path) {
    const nlohmann::json object = read_config_object(path);
    const Fields fields(path, object);
    check_model_type(fields, {"deepseek_v2", "deepseek_v3"});

    // DeepSeek's own code has a number where its config has none.
    const auto read_size = [&](const char* name, std::size_t& size) {
        size = is_hugging_face(fields) ? fields.needed_size({name}) : fields.size({name}).value_or(size);
    };
    LatentModelConfig config;
    config.dim = fields.needed_size({"dim", "hidden_size"});
    config.n_heads = fields.needed_size({"n_heads", "num_attention_heads"});
    config.q_lora_rank = fields.size_from_zero({"q_lora_rank"}).value_or(0);
    read_size("kv_lora_rank", config.kv_lora_rank);
    read_size("qk_nope_head_dim", config.qk_nope_head_dim);
    read_size("qk_rope_head_dim", config.qk_rope_head_dim);
    read_size("v_head_dim", config.v_head_dim);
    config.max_batch_size = fields.size({"max_batch_size"});
    // How long texts were in training, and how long a cache is to be: where one is missing, the other.
    const std::optional<std::size_t> trained = fields.size({"max_position_embeddings"});
    config.max_seq_len = fields.size({"max_seq_len"}).value_or(trained.value_or(config.max_seq_len));
    read_rope(path, fields, trained.value_or(config.max_seq_len), config);
    if (config.yarn) check_yarn_theta(fields, config.rope_theta);
    check(fields, config);
    check_quantization(path, fields);
    config.ignored = settle_unread(fields);
    return config;
}
