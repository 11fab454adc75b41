#include "chapters/09_every_model/read_recipe.hpp"

#include <fmt/format.h>

#include <cmath>

#include "chapters/09_every_model/reading.hpp"
#include "common/files/field_policy.hpp"
#include "common/files/known_fields.hpp"

namespace ch9 {
namespace {

using nlohmann::json;

// A multimodal file has the fields of the text model in an object of their own.
json text_config(const std::string& path) {
    json object = read_json_object(path);
    const Fields outer(path, object);
    const auto text = outer.find({"text_config"});
    if (!text) return object;
    if (!text->value.is_object()) outer.wrong(*text, "an object");
    outer.pass({"model_type", "vision_config"});
    settle_unread(outer, "it stands beside text_config; take it out if it changes nothing");
    return text->value;
}

const Model& model_of(const std::string& path, const json& given, bool decoder) {
    const Fields fields(path, given);
    const std::optional<std::string> type = fields.text({"model_type"});
    if (!type) fields.refuse("has no field model_type", "add it: llama, qwen3, gemma3_text, ...");
    const Model* whole = find_model(*type);
    if (whole == nullptr) {
        if (const ModelDifference* known = find_difference(*type)) {
            fields.refuse(fmt::format("model_type is {:.40}: {}", *type, known->what), known->runner);
        }
        fields.refuse(fmt::format("model_type is {:.40}: this chapter has no recipe for it", *type),
                      "models.cpp has a row for each model");
    }
    if (!decoder) return *whole;
    const Model* half = find_model(*type, true);
    if (half == nullptr) {
        fields.refuse(
            fmt::format("model_type is {}, and --decoder is for a model with an encoder too", *type),
            "leave out --decoder");
    }
    return *half;
}

// The config with the defaults of its model. A field that is null is not missing.
json with_defaults(const json& given, const Model& model) {
    json object = given;
    if (given.contains("model_type")) {
        const json& common = defaults_of(given.at("model_type").get<std::string>());
        object.insert(common.begin(), common.end());
    }
    object.insert(model.defaults.begin(), model.defaults.end());
    // Newer files have all of rotary positions in one object.
    const auto newer = given.find("rope_parameters");
    if (newer != given.end() && !newer->is_null()) {
        if (!given.contains("rope_scaling")) object.erase("rope_scaling");
        if (!given.contains("rope_theta")) object.erase("rope_theta");
    }
    return object;
}

// The block around the attention, and what is known of the whole model.
void read_block(Reading& r) {
    r.result.norm = norm_of(r);
    r.say("norm before attention", r.model.names.norm.empty() ? "none" : told_norm(r.result.norm),
          r.always());
    const auto width = static_cast<double>(r.result.recipe.dim);
    double scale = r.model.embedding.times_sqrt_dim ? std::sqrt(width) : 1.0;
    if (r.model.embedding.multiplier != nullptr) r.fields.read({r.model.embedding.multiplier}, scale);
    r.result.embedding_scale = static_cast<float>(scale);
    r.fields.pass(
        {"model_type", "max_position_embeddings", "original_max_position_embeddings", "max_seq_len"});
    for (const char* name : r.model.no_effect) r.fields.pass({name});
    for (const auto& [name, value] : r.model.fixed) {
        const auto found = r.fields.find({name});
        if (found && found->value != value)
            r.fields.wrong(*found, value.dump() + ": nothing else is run here");
    }
}

}  // namespace

ReadRecipe read_recipe(const std::string& path, const LayerOf& of) {
    const json given = text_config(path);
    const Model& model = model_of(path, given, of.decoder);
    const json object = with_defaults(given, model);
    Reading reading{path, given, Fields(path, object), model, of};
    reading.result.model = &model;
    reading.result.layer = of.layer;
    read_sizes(reading);
    read_projections(reading);
    const Kind kind = read_kind(reading);
    read_positions(reading, kind);
    read_scores(reading, kind);
    read_block(reading);
    reading.result.ignored = settle_unread(
        reading.fields,
        fmt::format("the attention of {} has no such choice; take it out if it changes nothing", model.type));
    return reading.result;
}

}  // namespace ch9
