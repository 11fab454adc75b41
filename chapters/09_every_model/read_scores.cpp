#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "chapters/09_every_model/reading.hpp"
#include "common/files/field_policy.hpp"

namespace ch9 {
namespace {

using nlohmann::json;

void scale_of_gpt2(const Reading& r, double& scale, std::string& from) {
    if (r.fields.flag({"scale_attn_weights"}) == false) {
        scale = 1.0;
        from = r.source({"scale_attn_weights"});
    }
    if (r.fields.flag({"scale_attn_by_inverse_layer_idx"}) == true) {
        scale /= static_cast<double>(r.of.layer + 1);
        from += ", / (layer + 1): " + r.source({"scale_attn_by_inverse_layer_idx"});
    }
}

// MPT has an object for its attention.
void scale_and_more_of_attn_config(Reading& r, double& scale, std::string& from) {
    const auto found = r.fields.find({"attn_config"});
    if (!found) return;
    if (!found->value.is_object()) r.fields.wrong(*found, "an object");
    const Fields inside(r.path, found->value);
    if (const auto given = inside.find({"softmax_scale"})) {
        inside.read({"softmax_scale"}, scale);
        from = told(*given);
    }
    if (const auto clip = inside.find({"clip_qkv"})) {
        double value = 0.0;
        inside.read_from_zero({"clip_qkv"}, value);
        if (value > 0.0) r.result.recipe.clip_qkv = static_cast<float>(value);
        r.say("clip of q, k, v", fmt::format("{}", value), told(*clip));
    }
    const std::pair<const char*, json> fixed[] = {{"alibi", true},
                                                  {"alibi_bias_max", 8U},
                                                  {"attn_type", "multihead_attention"},
                                                  {"attn_uses_sequence_id", false},
                                                  {"prefix_lm", false},
                                                  {"qk_ln", false}};
    for (const auto& [name, value] : fixed) {
        const auto other = inside.find({name});
        if (other && other->value != value) inside.wrong(*other, value.dump());
    }
    inside.pass({"attn_impl", "attn_pdrop"});
    settle_unread(inside, "take it out of attn_config if it changes nothing");
}

void read_scale(Reading& r) {
    const auto width = static_cast<double>(r.result.recipe.head_dim);
    double scale = 1.0 / std::sqrt(width);
    std::string from = "1/sqrt(head_dim)";
    if (r.model.scale == Scale::query_pre_attn_scalar) {
        double scalar = width;
        r.fields.read({"query_pre_attn_scalar"}, scalar);
        scale = 1.0 / std::sqrt(scalar);
        from = r.source({"query_pre_attn_scalar"}) + ", to the power -1/2";
    } else if (r.model.scale == Scale::attention_multiplier) {
        r.fields.read({"attention_multiplier"}, scale);
        from = r.source({"attention_multiplier"});
    } else if (r.model.scale == Scale::attn_config) {
        scale_and_more_of_attn_config(r, scale, from);
    } else if (r.model.scale == Scale::gpt2) {
        scale_of_gpt2(r, scale, from);
    } else if (r.model.scale == Scale::none) {
        scale = 1.0;
        from = r.always();
    }
    r.result.recipe.scale = static_cast<float>(scale);
    r.say("scale of scores", fmt::format("{:.6g}", scale), from);
}

void read_soft_cap(Reading& r) {
    double cap = 0.0;
    r.fields.read({"attn_logit_softcapping"}, cap);
    if (cap > 0.0) r.result.recipe.soft_cap = static_cast<float>(cap);
    r.say("soft cap of scores", cap > 0.0 ? fmt::format("{}", cap) : "none",
          r.source({"attn_logit_softcapping"}));
}

void read_mask(Reading& r, const Kind& kind) {
    Mask& mask = r.result.recipe.mask;
    mask.causal = r.model.causal;
    if (!mask.causal && r.fields.flag({"is_decoder"}) == true) {
        r.fields.wrong(*r.fields.find({"is_decoder"}), "false: here queries look both ways");
    }
    // Their form is checked in layers without a window too.
    const bool knows_windows = r.model.layers.has_layer_types || r.model.layers.window_switch != nullptr;
    const std::optional<std::size_t> window =
        knows_windows || kind.kind == LayerKind::sliding ? r.window() : std::nullopt;
    std::string reach = mask.causal ? "causal" : "both ways", from = Reading::always();
    if (kind.kind == LayerKind::sliding) {
        mask.window = window;
        reach += fmt::format(", a window of {} keys", *mask.window);
        from = r.source({"sliding_window"});
    }
    r.say("mask", reach, from);
}

}  // namespace

void read_scores(Reading& r, const Kind& kind) {
    read_scale(r);
    if (r.model.soft_cap) read_soft_cap(r);
    read_mask(r, kind);
    r.result.recipe.sinks = r.model.sinks;
    r.say("sinks", r.model.sinks ? "one for each head" : "none", r.always());
}

}  // namespace ch9
