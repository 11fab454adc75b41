#include "common/files/latent_config.hpp"

#include <fmt/format.h>

#include <cmath>

#include "common/files/field_policy.hpp"
#include "common/files/json_fields.hpp"

namespace {

bool is_hugging_face(const Fields& fields) {
    return fields.find({"hidden_size"}).has_value();
}

// How much YaRN enlarges what goes into a score.
double score_enlargement(double factor, double mscale) {
    return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
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
    yarn.rotation_scale =
        score_enlargement(yarn.factor, mscale) / score_enlargement(yarn.factor, mscale_all_dim);
    return yarn;
}

void read_rope(const std::string& path, const Fields& fields, LatentModelConfig& config) {
    fields.read({"rope_theta"}, config.rope_theta);
    const auto found = fields.find({"rope_scaling", "rope_parameters"});
    if (!found) {
        if (!is_hugging_face(fields)) config.yarn = read_flat_yarn(fields, config.max_seq_len);
        return;
    }
    if (!found->value.is_object()) fields.wrong(*found, "an object");
    const Fields rope(path, found->value);
    rope.read({"rope_theta"}, config.rope_theta);

    const auto type = rope.find({"rope_type", "type"});
    if (!type) fields.refuse(fmt::format("{} has no field rope_type", found->name), "add it");
    if (type->value == "default") return;
    if (type->value != nlohmann::json("yarn")) rope.wrong(*type, "yarn or default");
    if (!rope.find({"factor"})) fields.refuse(fmt::format("{} has no field factor", found->name), "add it");
    const std::size_t original = fields.size({"max_position_embeddings"}).value_or(config.max_seq_len);
    config.yarn = read_yarn(rope, original);
    refuse_unread(rope);
}

// What other layers with these names do, and chapter 7 does not.
void check(const Fields& fields) {
    const auto interleave = fields.find({"rope_interleave"});
    if (interleave && interleave->value != true) {
        fields.wrong(*interleave, "true: rotary pairs are neighbours here");
    }
    const auto bias = fields.find({"attention_bias"});
    if (bias && bias->value != false) fields.wrong(*bias, "false: projections have no bias here");
}

}  // namespace

LatentModelConfig read_latent_config(const std::string& path) {
    const nlohmann::json object = read_json_object(path);
    const Fields fields(path, object);
    check_model_type(fields, {"deepseek_v2", "deepseek_v3"});
    check(fields);

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
    config.max_batch_size = fields.size({"max_batch_size"}).value_or(config.max_batch_size);
    config.max_seq_len = fields.size({"max_seq_len", "max_position_embeddings"}).value_or(config.max_seq_len);
    read_rope(path, fields, config);
    config.ignored = settle_unread(fields);
    return config;
}
